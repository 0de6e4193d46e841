#include "machine/harness_share.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_fields.hpp"

namespace host::machine {
namespace {

using Json = nlohmann::ordered_json;

double seconds(uint64_t ticks) { return static_cast<double>(ticks) / ticks_per_s; }

// What the drivers used, those of a run together. Of a core: the one that is nearest to its limit.
struct DriverUse {
  uint64_t ticks = 0;
  std::optional<double> operators_s;  // of that
  double busiest_thread = 0;
  double core_share = 0;  // what is compared with the limit
  std::string limit;      // what that is, for people
  [[nodiscard]] double own_s() const { return seconds(ticks) - operators_s.value_or(0); }
};

const CpuReading::OfDriver* find_driver(const CpuReading& in, pid_t pid) {
  const auto at = std::ranges::find_if(in.drivers, [&](const auto& each) { return each.driver.pid == pid; });
  return at == in.drivers.end() ? nullptr : &*at;
}

// Threads that run operators share one interpreter's lock for everything else, so that all they use beside is limited.
// Where operators run elsewhere there are few threads, each with work of its own: the busiest is the limit.
void add(DriverUse& use, const CpuReading::OfDriver& before, const CpuReading::OfDriver& now, uint64_t ticks,
         double window_s) {
  use.ticks += ticks;
  double busiest = 0;
  for (const auto& thread : now.threads)
    busiest = std::max(busiest, seconds(own_since(before.threads, thread)) / window_s);
  use.busiest_thread = std::max(use.busiest_thread, busiest);
  auto core_share = busiest;
  std::string limit = "the driver's busiest thread used {:.0f} % of a core";
  if (now.driver.operator_cpu_s) {
    const auto operators_s =
        std::clamp(*now.driver.operator_cpu_s - before.driver.operator_cpu_s.value_or(0), 0.0, seconds(ticks));
    use.operators_s = use.operators_s.value_or(0) + operators_s;
    core_share = (seconds(ticks) - operators_s) / window_s;
    limit = "the driver used {:.0f} % of a core beside the operators that it executes";
  }
  if (core_share < use.core_share) return;
  use.core_share = core_share;
  use.limit = fmt::format(fmt::runtime(limit), core_share * 100);
}

// Null, with the reason: there are none, or one was not there all the time.
std::optional<DriverUse> driver_use(const CpuReading& begin, const CpuReading& end, std::string& reason) {
  if (end.drivers.empty()) {
    reason = "the backend has no driver: it runs in the host's process, whose CPU time has its own in it";
    return std::nullopt;
  }
  DriverUse use;
  for (const auto& now : end.drivers) {
    const auto pid = now.driver.pid;
    const auto* before = find_driver(begin, pid);
    const auto* process = find_task(end.processes, pid);
    const auto* earlier = find_task(begin.processes, pid);
    if (before == nullptr || process == nullptr || earlier == nullptr || !process->ours || !earlier->ours) {
      reason = fmt::format("the driver that the backend names, process {}, was not below the host all the time", pid);
      return std::nullopt;
    }
    add(use, *before, now, own_since(begin.processes, *process), end.at_s - begin.at_s);
  }
  return use;
}

Json a_request(double cpu_s, uint64_t requests) {
  return requests == 0 ? Json(nullptr) : Json(cpu_s * 1e6 / static_cast<double>(requests));
}

}  // namespace

CpuReading read_cpu(const std::filesystem::path& root, pid_t ours, const std::vector<Driver>& drivers, double at_s,
                    uint64_t requests) {
  CpuReading now{at_s, requests, read_processes(root, ours), {}};
  for (const auto& driver : drivers) now.drivers.push_back({driver, read_threads(root, driver.pid)});
  return now;
}

Json harness_share(pid_t ours, const CpuReading& begin, const CpuReading& end) {
  const auto window_s = end.at_s - begin.at_s;
  if (window_s < harness_window_s_min)
    return unmeasured_harness_share(
        fmt::format("the measured window was too short to tell: it needs {:g} s", harness_window_s_min));
  const auto* host = find_task(end.processes, ours);
  if (host == nullptr) return unmeasured_harness_share("this process is not in /proc");
  auto out = unmeasured_harness_share("");
  const auto requests = since(end.requests, begin.requests);
  const auto host_ticks = own_since(begin.processes, *host);
  const auto all_ticks = ours_since(begin.processes, end.processes);
  out["window_s"] = window_s;
  out["requests"] = requests;
  out["host_cpu_s"] = seconds(host_ticks);
  out["host_cpu_us_per_request"] = a_request(seconds(host_ticks), requests);
  std::string reason;
  const auto driver = driver_use(begin, end, reason);
  out["reason"] = base::or_null(reason);
  const auto runtime_s = seconds(since(all_ticks, host_ticks + (driver ? driver->ticks : 0)));
  if (driver || end.drivers.empty()) {
    out["runtime_cpu_s"] = runtime_s;
    out["runtime_cpu_us_per_request"] = a_request(runtime_s, requests);
  }
  if (!driver) return out;
  out["driver_cpu_s"] = driver->own_s();
  out["operators_in_driver_cpu_s"] = base::or_null(driver->operators_s);
  out["driver_cpu_us_per_request"] = a_request(driver->own_s(), requests);
  if (all_ticks != 0) out["share"] = (seconds(host_ticks) + driver->own_s()) / seconds(all_ticks);
  out["driver_busiest_thread"] = driver->busiest_thread;
  out["driver_core_share"] = driver->core_share;
  out["limited_by_driver"] = driver->core_share > driver_core_share_max;
  if (driver->core_share > driver_core_share_max) out["limit"] = driver->limit;
  return out;
}

Json unmeasured_harness_share(const std::string& why) {
  return {{"limited_by_driver", false},
          {"limit", nullptr},
          {"window_s", nullptr},
          {"requests", nullptr},
          {"host_cpu_s", nullptr},
          {"driver_cpu_s", nullptr},
          {"operators_in_driver_cpu_s", nullptr},
          {"runtime_cpu_s", nullptr},
          {"share", nullptr},
          {"host_cpu_us_per_request", nullptr},
          {"driver_cpu_us_per_request", nullptr},
          {"runtime_cpu_us_per_request", nullptr},
          {"driver_busiest_thread", nullptr},
          {"driver_core_share", nullptr},
          {"reason", why}};
}

}  // namespace host::machine

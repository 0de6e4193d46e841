#include "machine/noise.hpp"

#include <fmt/format.h>

#include <fstream>

#include "base/json_fields.hpp"
#include "metrics/quantile.hpp"

namespace host::machine {
namespace {

using Json = nlohmann::ordered_json;

std::optional<double> load_1min(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/loadavg");
  double load = 0;
  if (in >> load) return load;
  return std::nullopt;
}

Json overshoot_us(const metrics::Histogram& overshoot, double q) {
  const auto ns = metrics::quantile_ns(overshoot, q);
  return ns ? Json(*ns / 1e3) : Json(nullptr);
}

// Whatever the percentiles say: one gap may be all that a run's tail is made of.
void add_gaps(Json& out, const Gaps& gaps, int64_t start_ns) {
  const auto longest = gaps.longest();
  const auto seconds = [](int64_t ns) { return static_cast<double>(ns) / 1e9; };
  const auto longest_s = seconds(longest.end_ns - longest.begin_ns);
  const auto at_s = seconds(longest.end_ns - start_ns);
  out["gaps"] = {{"count", gaps.count()}, {"total_s", seconds(gaps.total_ns())}};
  out["gaps"]["longest_s"] = gaps.count() == 0 ? Json(nullptr) : Json(longest_s);
  out["gaps"]["longest_ended_at_s"] = gaps.count() == 0 ? Json(nullptr) : Json(at_s);
  if (gaps.count() == 0) return;
  out["noisy"] = true;
  out["reasons"].push_back(fmt::format(
      "the host itself did not run for {:.3g} s until {:.3f} s{}", longest_s, at_s,
      gaps.count() == 1 ? ""
                        : fmt::format(", and in {} gaps for {:.3g} s in all", gaps.count(), seconds(gaps.total_ns()))));
}

}  // namespace

Noise::Noise(const std::filesystem::path& root, pid_t ours, std::vector<unsigned> cpus)
    : root_(root), watch_(root, ours, std::move(cpus)), load_before_(load_1min(root)) {}

void Noise::Kind::add(uint64_t ticks_now, uint64_t total, double limit) {
  ticks += ticks_now;
  if (static_cast<double>(ticks_now) <= limit * static_cast<double>(total)) return;
  noisy_ticks += ticks_now;
  noisy_total += total;
  ++intervals;
}

std::string Noise::Kind::reason(const char* what, uint64_t of_intervals) const {
  return fmt::format("{} {:.1f} % of CPU time in {} of {} intervals", what,
                     100 * static_cast<double>(noisy_ticks) / static_cast<double>(noisy_total), intervals,
                     of_intervals);
}

std::optional<CpuUse> Noise::interval(bool warmup) {
  const auto use = watch_.read();
  if (!use || warmup) return use;
  ++intervals_;
  noisy_intervals_ += is_noisy(*use) ? 1U : 0U;
  total_ += use->total;
  steal_.add(use->steal, use->total, noisy_steal_share);
  others_seen_ = others_seen_ && use->other.has_value();
  other_.add(use->other.value_or(0), use->total, noisy_other_share);
  return use;
}

Json Noise::conclude(const Gaps& gaps, int64_t start_ns) const {
  auto out = unmeasured_noise("");
  add_gaps(out, gaps, start_ns);
  out["load_1min_before"] = base::or_null(load_before_);
  out["load_1min_after"] = base::or_null(load_1min(root_));
  out["timer_overshoot_p50_us"] = overshoot_us(overshoot_, 0.5);
  out["timer_overshoot_p99_us"] = overshoot_us(overshoot_, 0.99);
  out["unmeasured"] = nullptr;
  if (intervals_ == 0) {
    out["unmeasured"] = watch_.readable() ? "the measured window was too short to tell" : "/proc/stat is not readable";
    return out;
  }
  out["intervals"] = intervals_;
  out["noisy_intervals"] = noisy_intervals_;
  const auto share = [&](uint64_t ticks) { return static_cast<double>(ticks) / static_cast<double>(total_); };
  out["steal_share"] = share(steal_.ticks);
  if (others_seen_)
    out["other_cpu_share"] = share(other_.ticks);
  else
    out["unmeasured"] = "other_cpu_share: this process is not in /proc, so others cannot be told from it";
  if (static_cast<double>(noisy_intervals_) < noisy_interval_share * static_cast<double>(intervals_) ||
      noisy_intervals_ == 0)
    return out;
  out["noisy"] = true;
  if (steal_.intervals != 0) out["reasons"].push_back(steal_.reason("steal", intervals_));
  if (other_.intervals != 0) out["reasons"].push_back(other_.reason("other processes", intervals_));
  return out;
}

Json unmeasured_noise(const std::string& why) {
  return {{"noisy", false},
          {"reasons", Json::array()},
          {"steal_share", nullptr},
          {"other_cpu_share", nullptr},
          {"load_1min_before", nullptr},
          {"load_1min_after", nullptr},
          {"noisy_intervals", nullptr},
          {"intervals", nullptr},
          {"timer_overshoot_p50_us", nullptr},
          {"timer_overshoot_p99_us", nullptr},
          {"gaps", nullptr},
          {"unmeasured", why}};
}

}  // namespace host::machine

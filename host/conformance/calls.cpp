#include "conformance/calls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

namespace host::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using sage::Json;

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

size_t entries(const char* folder) {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

// ------------------------------------------------------------------------------------------------ drawn options

using Random = std::mt19937_64;

// Where faults are: at the ends of ranges and near the default. Far beyond the default only takes time and memory.
double draw_number(Random& random, double by_default, const catalog::OptionSpec& spec) {
  const auto low = spec.min.value_or(0), high = spec.max.value_or(1e6);
  const auto reach = std::min(high, 8 * std::max(by_default, 1.0));
  switch (random() % 4) {
    case 0:
      return low;
    case 1:
      return by_default;
    case 2:
      return std::min(high, 2 * by_default);
    default:
      return low + (reach - low) * std::uniform_real_distribution<double>(0, 1)(random);
  }
}

Json draw_text(Random& random, const catalog::OptionSpec& spec) {
  if (!spec.choices.empty()) return spec.choices[random() % spec.choices.size()];
  const auto usual = catalog::to_json(spec.default_value);
  const std::array<Json, 8> choices = {usual, usual, usual, usual, "", "x", "{", std::string(1000, 'a')};
  return choices[random() % choices.size()];
}

Json draw_options(Random& random, const catalog::Manifest& manifest) {
  auto out = Json::object();
  for (const auto& spec : manifest.options) {
    out[spec.name] = catalog::to_json(spec.default_value);
    if (spec.by_user) continue;  // what the user alone decides: which programs run
    auto& value = out[spec.name];
    if (spec.type == catalog::OptionType::boolean) value = random() % 2 == 0;
    if (spec.type == catalog::OptionType::text) value = draw_text(random, spec);
    if (spec.type == catalog::OptionType::number) value = draw_number(random, value.get<double>(), spec);
    if (spec.type == catalog::OptionType::integer)
      value = static_cast<int64_t>(draw_number(random, value.get<double>(), spec));
  }
  if (random() % 4 == 0) out["of_a_later_host"] = 1;
  return out;
}

}  // namespace

Json default_options(const catalog::Manifest& manifest) {
  auto out = Json::object();
  for (const auto& spec : manifest.options) out[spec.name] = catalog::to_json(spec.default_value);
  return out;
}

sage::testing::Load small_load(const CallCase& of) {
  sage::testing::Load load;
  load.requests = 200;
  load.in_flight = 4;
  load.drain_s = 5;
  load.seed = of.seed;
  load.workload_library = of.partner.string();
  load.scratch_dir = of.scratch.string();
  load.capabilities = of.plugin.capabilities;
  const bool backend = of.plugin.kind == catalog::PluginKind::backend;
  (backend ? load.backend : load.workload) = default_options(of.plugin);
  (backend ? load.backend_id : load.workload_id) = of.plugin.id;
  if (backend) load.workload = {{"chain", 2}, {"hold_us", 0.0}};
  return load;
}

sage::testing::Report small_run(const CallCase& of, const sage::testing::Load& load) {
  namespace testing = sage::testing;
  const auto own = testing::entry_of(of.plugin.library.string());
  if (of.plugin.kind == catalog::PluginKind::workload)
    return testing::run(own, testing::entry_of<testing::Serial>(), load);
  if (of.partner.empty()) throw Skip{"the workload to try it with is not installed"};
  return testing::run(testing::entry_of(of.partner.string()), own, load);
}

std::filesystem::path doing_file(const CallCase& of) { return of.scratch / "doing"; }
void note_doing(const CallCase& of, const std::string& what) { std::ofstream(doing_file(of)) << what; }

Instance::Instance(const catalog::Plugin& plugin, std::string config) : plugin_(plugin), config_(std::move(config)) {
  const auto& table = plugin_.table;
  const auto* services = table.backend != nullptr ? host_.for_backend() : host_.for_workload();
  host_.check(table.create(services, sage::str(plugin_.manifest.id), sage::str(config_), &self_), "create");
}
Instance::~Instance() {
  if (self_ != nullptr) plugin_.table.destroy(self_);
}

std::string creates(const CallCase& of) {
  const auto plugin = catalog::load_plugin(of.plugin);
  const auto config = sage::testing::config_of(small_load(of), default_options(of.plugin)).dump();
  constexpr double limit_s = 1;  // for each run of a search, and each cell of an experiment
  double best = 1e9;
  for (int i = 0; i < 3; ++i) best = std::min(best, seconds_of([&] { const Instance instance(plugin, config); }));
  return best < limit_s ? "" : fmt::format("it took {:.1f} s", best);
}

std::string fuzzed_options(const CallCase& of) {
  const auto plugin = catalog::load_plugin(of.plugin);
  const auto end = Clock::now() + std::chrono::seconds(5);
  Random random(of.seed);
  for (int i = 0; i < 300 && Clock::now() < end; ++i) {
    const auto options = draw_options(random, of.plugin);
    note_doing(of, options.dump());
    sage::testing::StubHost host(false);
    const auto config = sage::testing::config_of(small_load(of), options).dump();
    const auto* services = plugin.table.backend != nullptr ? host.for_backend() : host.for_workload();
    void* self = nullptr;
    try {
      host.check(plugin.table.create(services, sage::str(of.plugin.id), sage::str(config), &self), "create");
      plugin.table.destroy(self);
    } catch (const std::runtime_error&) {  // refused, which may be right
      if (self != nullptr) return fmt::format("it refused {}, and left an instance", options.dump());
    }
    if (!host.report.problems.empty()) return fmt::format("{}, with {}", host.report.problems[0], options.dump());
  }
  return "";
}

std::string leaks(const CallCase& of) try {
  auto load = small_load(of);
  load.requests = 32;
  const auto cycle = [&] { (void)small_run(of, load); };
  const auto live = [] { return static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd); };
  // What is made once stays: libraries, caches, pools.
  const double took_s = seconds_of(cycle);
  cycle();
  const auto files = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  // One allocation that is forgotten shows in each round; what the allocator keeps for later grows now and then, with
  // threads for some hundred cycles.
  constexpr int cycles = 8, least_rounds = 6, most_rounds = 100;
  constexpr double slow_s = 0.1, least = 16;  // bytes a cycle
  auto grown = 1e9;
  const auto long_enough = Clock::now() + std::chrono::seconds(10);
  if (took_s < slow_s)
    for (int round = 0; grown >= least && round < most_rounds; ++round) {
      if (round >= least_rounds && Clock::now() > long_enough) break;
      const auto before = live();
      for (int i = 0; i < cycles; ++i) cycle();
      grown = std::min(grown, (live() - before) / cycles);
    }
  else
    cycle();
  const auto end = Clock::now() + std::chrono::seconds(5);
  while (entries("/proc/self/task") > threads && Clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // one that was joined still ends for a moment
  if (const auto n = entries("/proc/self/fd"); n > files) return fmt::format("{} descriptors more", n - files);
  if (const auto n = entries("/proc/self/task"); n > threads) return fmt::format("{} threads more", n - threads);
  return took_s >= slow_s || grown < least ? "" : fmt::format("{:.0f} bytes more each time", grown);
} catch (const std::filesystem::filesystem_error& e) {  // no descriptor is left to look with
  return e.code().message();
}

std::string services(const CallCase& of) {
  const auto problems = small_run(of, small_load(of)).out_of_turn;
  constexpr size_t told = 3;
  return fmt::format(
      "{}", fmt::join(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(std::min(told, problems.size())),
                      "; "));
}

}  // namespace host::conformance

#include "load/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace host::load {
namespace {

constexpr std::array<std::pair<const char*, Arrival>, 7> arrivals = {{{"constant", Arrival::constant},
                                                                      {"poisson", Arrival::poisson},
                                                                      {"gamma", Arrival::gamma},
                                                                      {"bursty", Arrival::bursty},
                                                                      {"trace", Arrival::trace},
                                                                      {"closed", Arrival::closed},
                                                                      {"offline", Arrival::offline}}};

constexpr double count_max = 1e15;     // 31 years at 1e6/s
constexpr double seconds_max = 3.2e7;  // a year

std::vector<catalog::OptionSpec> make_options() {
  const LoadConfig d;
  std::vector<std::string> processes;
  for (const auto& [name, arrival] : arrivals) processes.emplace_back(name);
  return {
      catalog::text_option(
          "arrival", "poisson",
          "how requests arrive: constant gaps; poisson; gamma gaps with --cv; bursty, two-state Markov-modulated "
          "Poisson; trace, as recorded in --trace; closed, --concurrency at a time; offline, all at once",
          std::move(processes)),
      catalog::number_option("rate", d.rate, 0.001, 1e8, "1/s",
                             "mean arrival rate, in the long run for bursty too; trace, closed and offline do without"),
      catalog::number_option(
          "cv", d.cv, 0.01, 100, "",
          "gamma: standard deviation of the gaps / their mean; 1 = poisson, less = steadier, more = burstier"),
      catalog::number_option("burst_factor", d.burst_factor, 1, 1e6, "",
                             "bursty: rate in a burst / rate in the calm state"),
      catalog::number_option("burst_dwell_s", d.burst_dwell_s, 0.001, seconds_max, "s", "bursty: mean time in a burst"),
      catalog::number_option("calm_dwell_s", d.calm_dwell_s, 0.001, seconds_max, "s",
                             "bursty: mean time between bursts"),
      catalog::integer_option(
          "total_requests", static_cast<int64_t>(d.total_requests), 0, count_max,
          "measured requests; 0 = until --duration or the end of the trace; with both, whichever comes first"),
      catalog::number_option("duration", d.duration_s, 0, seconds_max, "s",
                             "measured time; 0 = until --total-requests; given alone, it sets --total-requests to 0"),
      catalog::integer_option("warmup_items", static_cast<int64_t>(d.warmup_items), 0, count_max,
                              "requests at the start of the schedule that are run and left out of every metric"),
      catalog::integer_option(
          "concurrency", static_cast<int64_t>(d.concurrency), 0, 1 << 24,
          "closed loop: requests in flight, each followed by the next when it ends; more than 0 implies --arrival "
          "closed"),
      catalog::text_option(
          "trace", "",
          "an Azure LLM trace (CSV) or a Mooncake trace (JSON lines) to replay: arrival times, token counts and keys; "
          "implies --arrival trace",
          {}),
      catalog::text_option(
          "trace_spread", d.trace_spread,
          "none: replay timestamps as they are; uniform: spread requests of equal timestamps evenly until the next "
          "one, for traces with a coarse clock (Mooncake: 3 s)",
          {"none", "uniform"}),
      catalog::number_option("trace_speed", d.trace_speed, 0.001, 1e6, "", "replay the trace so many times as fast"),
      catalog::integer_option("trace_limit", static_cast<int64_t>(d.trace_limit), 0, count_max,
                              "replay only the first requests of the trace; 0 = all"),
      catalog::number_option("timeout", d.timeout_s, 0.001, seconds_max, "s",
                             "a request that has not ended so long after it was due counts as a timeout"),
      catalog::number_option("drain_timeout", d.drain_timeout_s, 0, seconds_max, "s",
                             "how long to wait, after the last request was sent, for those still in flight"),
      catalog::integer_option("max_in_flight", static_cast<int64_t>(d.max_in_flight), 1, 1 << 24,
                              "most requests in flight; at the limit the host waits, and the wait counts as latency"),
  };
}

// Copies a value, where there is one, to the member it describes, after the check of its spec.
class Values {
 public:
  explicit Values(const catalog::OptionValues& values) : values_(values) {}
  void get(const char* name, double& into) const {
    if (const auto* value = find(name)) into = std::get<double>(*value);
  }
  template <std::unsigned_integral T>
  void get(const char* name, T& into) const {
    if (const auto* value = find(name)) into = static_cast<T>(std::get<int64_t>(*value));
  }
  void get(const char* name, std::string& into) const {
    if (const auto* value = find(name)) into = std::get<std::string>(*value);
  }

 private:
  [[nodiscard]] const catalog::OptionValue* find(const char* name) const {
    const auto it = values_.find(name);
    if (it == values_.end()) return nullptr;
    const auto spec = std::ranges::find(load_options(), name, &catalog::OptionSpec::name);
    catalog::check_option(*spec, it->second, catalog::option_flag(name));
    return &it->second;
  }
  const catalog::OptionValues& values_;
};

// An option that one process needs implies that process: what else --arrival says is a default, of the host or of the
// workload.
Arrival implied_arrival(const LoadConfig& config) {
  if (config.concurrency > 0 && !config.trace.empty())
    throw base::usage_error(
        "--trace gives the arrival times and --concurrency lets completions set them; leave one of them out");
  if (!config.trace.empty()) return Arrival::trace;
  return config.concurrency > 0 ? Arrival::closed : config.arrival;
}

void check_combination(const LoadConfig& config) {
  if (config.arrival == Arrival::trace && config.trace.empty())
    throw base::usage_error("--arrival trace needs a file; give it with --trace FILE");
  if (config.arrival == Arrival::closed && config.concurrency == 0)
    throw base::usage_error("--arrival closed needs the number of requests in flight; give it with --concurrency N");
  if (config.concurrency > config.max_in_flight)
    throw base::usage_error(fmt::format("--concurrency {} is more than --max-in-flight {}; raise --max-in-flight",
                                        config.concurrency, config.max_in_flight));
  if (config.arrival == Arrival::offline && config.total_requests == 0)
    throw base::usage_error(
        "--arrival offline makes every request due at once, so no --duration can end it; give --total-requests N");
  if (config.arrival != Arrival::trace && config.total_requests == 0 && config.duration_s == 0)
    throw base::usage_error("nothing ends this run; give --total-requests N, --duration SECONDS, or a --trace");
}

}  // namespace

const std::vector<catalog::OptionSpec>& load_options() {
  static const std::vector<catalog::OptionSpec> options = make_options();
  return options;
}

bool has_effect(std::string_view option, std::string_view arrival) {
  struct Use {
    std::string_view option;
    std::vector<std::string_view> arrivals;
  };
  static const std::vector<Use> uses = {{"rate", {"constant", "poisson", "gamma", "bursty"}},
                                        {"cv", {"gamma"}},
                                        {"burst_factor", {"bursty"}},
                                        {"burst_dwell_s", {"bursty"}},
                                        {"calm_dwell_s", {"bursty"}},
                                        {"concurrency", {"closed"}},
                                        {"trace", {"trace"}},
                                        {"trace_spread", {"trace"}},
                                        {"trace_speed", {"trace"}},
                                        {"trace_limit", {"trace"}}};
  const auto use = std::ranges::find(uses, option, &Use::option);
  return use == uses.end() || std::ranges::find(use->arrivals, arrival) != use->arrivals.end();
}

double planned_s(const LoadConfig& config, double trace_s) {
  constexpr double deviations = 4;
  const auto n_measured = static_cast<double>(config.total_requests);
  const auto n_warmup = static_cast<double>(config.warmup_items);
  const auto bounded = [&](double measured_s) {
    return config.duration_s > 0 ? std::min(config.duration_s, measured_s) : measured_s;
  };
  const auto forever = std::numeric_limits<double>::infinity();
  switch (config.arrival) {
    case Arrival::offline:
      return config.timeout_s;
    case Arrival::trace:
      return trace_s / config.trace_speed;
    case Arrival::closed: {
      const auto of = [&](double n) { return std::ceil(n / config.concurrency) * config.timeout_s; };
      return of(n_warmup) + bounded(config.total_requests == 0 ? forever : of(n_measured));
    }
    default: {
      const auto cv = config.arrival == Arrival::constant ? 0 : config.arrival == Arrival::gamma ? config.cv : 1;
      const auto dwell_s = config.arrival == Arrival::bursty ? config.burst_dwell_s + config.calm_dwell_s : 0;
      const auto of = [&](double n) {
        return n == 0 ? 0 : (n + deviations * cv * std::sqrt(n)) / config.rate + deviations * dwell_s;
      };
      return of(n_warmup) + bounded(config.total_requests == 0 ? forever : of(n_measured));
    }
  }
}

bool begins_anew(const LoadConfig& config) {
  const bool random =
      config.arrival == Arrival::poisson || config.arrival == Arrival::gamma || config.arrival == Arrival::bursty;
  return random && config.duration_s > 0;
}

LoadConfig load_config(const catalog::OptionValues& values, uint64_t seed) {
  LoadConfig config;
  config.seed = seed;
  const Values from(values);
  std::string arrival = "poisson";
  std::string trace;
  from.get("arrival", arrival);
  config.arrival = std::ranges::find(arrivals, arrival, [](const auto& each) { return each.first; })->second;
  from.get("rate", config.rate);
  from.get("cv", config.cv);
  from.get("burst_factor", config.burst_factor);
  from.get("burst_dwell_s", config.burst_dwell_s);
  from.get("calm_dwell_s", config.calm_dwell_s);
  from.get("total_requests", config.total_requests);
  from.get("duration", config.duration_s);
  from.get("warmup_items", config.warmup_items);
  from.get("concurrency", config.concurrency);
  from.get("trace", trace);
  config.trace = trace;
  from.get("trace_spread", config.trace_spread);
  from.get("trace_speed", config.trace_speed);
  from.get("trace_limit", config.trace_limit);
  from.get("timeout", config.timeout_s);
  from.get("drain_timeout", config.drain_timeout_s);
  from.get("max_in_flight", config.max_in_flight);
  config.arrival = implied_arrival(config);
  check_combination(config);
  return config;
}

}  // namespace host::load

#include "load/load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "base/error.hpp"

using namespace host;
using namespace host::load;

namespace {

const catalog::OptionSpec& spec(const std::string& name) {
  const auto it = std::ranges::find(load_options(), name, &catalog::OptionSpec::name);
  REQUIRE(it != load_options().end());
  return *it;
}

catalog::OptionValue parse(const std::string& name, const std::string& value) {
  return catalog::parse_option(spec(name), value, catalog::option_flag(name));
}

LoadConfig config(const catalog::OptionValues& values) { return load_config(values, 42); }

std::string refusal(const catalog::OptionValues& values) {
  try {
    config(values);
  } catch (const base::Error& error) {
    CHECK(error.code() == base::Exit::usage);
    return error.what();
  }
  return "accepted";
}

using Text = std::string;

}  // namespace

TEST_CASE("every load option has a name of its own, a default that it allows, and help") {
  std::set<std::string> names;
  for (const auto& option : load_options()) {
    CAPTURE(option.name);
    CHECK(names.insert(option.name).second);
    CHECK_NOTHROW(catalog::check_option(option, option.default_value, "default"));
    CHECK(option.name == catalog::option_name(catalog::option_flag(option.name)));
    CHECK(option.help.size() > 20);
    CHECK(option.help.find('\n') == std::string::npos);
  }
}

TEST_CASE("the defaults of the options are those of LoadConfig") {
  catalog::OptionValues values;
  for (const auto& option : load_options()) values[option.name] = option.default_value;
  for (const auto& given : {config(values), config({})}) {
    const LoadConfig d;
    CHECK(given.arrival == d.arrival);
    CHECK(given.rate == d.rate);
    CHECK(given.cv == d.cv);
    CHECK(given.burst_factor == d.burst_factor);
    CHECK(given.burst_dwell_s == d.burst_dwell_s);
    CHECK(given.calm_dwell_s == d.calm_dwell_s);
    CHECK(given.total_requests == d.total_requests);
    CHECK(given.duration_s == d.duration_s);
    CHECK(given.warmup_items == d.warmup_items);
    CHECK(given.concurrency == d.concurrency);
    CHECK(given.trace == d.trace);
    CHECK(given.trace_spread == d.trace_spread);
    CHECK(given.trace_speed == d.trace_speed);
    CHECK(given.trace_limit == d.trace_limit);
    CHECK(given.timeout_s == d.timeout_s);
    CHECK(given.drain_timeout_s == d.drain_timeout_s);
    CHECK(given.max_in_flight == d.max_in_flight);
  }
}

TEST_CASE("values arrive where they belong") {
  const auto c = load_config({{"arrival", Text("bursty")},
                              {"rate", 12.5},
                              {"cv", 0.5},
                              {"burst_factor", 4.0},
                              {"burst_dwell_s", 0.25},
                              {"calm_dwell_s", 0.75},
                              {"total_requests", int64_t{7}},
                              {"duration", 3.0},
                              {"warmup_items", int64_t{5}},
                              {"timeout", 1.5},
                              {"drain_timeout", 2.5},
                              {"max_in_flight", int64_t{1000}}},
                             99);
  CHECK(c.arrival == Arrival::bursty);
  CHECK(c.rate == 12.5);
  CHECK(c.cv == 0.5);
  CHECK(c.burst_factor == 4);
  CHECK(c.burst_dwell_s == 0.25);
  CHECK(c.calm_dwell_s == 0.75);
  CHECK(c.total_requests == 7);
  CHECK(c.duration_s == 3);
  CHECK(c.warmup_items == 5);
  CHECK(c.timeout_s == 1.5);
  CHECK(c.drain_timeout_s == 2.5);
  CHECK(c.max_in_flight == 1000);
  CHECK(c.seed == 99);

  const auto t = config({{"trace", Text("a/b.csv")},
                         {"trace_spread", Text("uniform")},
                         {"trace_speed", 2.0},
                         {"trace_limit", int64_t{10}}});
  CHECK(t.trace == "a/b.csv");
  CHECK(t.trace_spread == "uniform");
  CHECK(t.trace_speed == 2);
  CHECK(t.trace_limit == 10);
}

TEST_CASE("each arrival process can be named") {
  const auto named = [](const char* name) { return config({{"arrival", Text(name)}}).arrival; };
  CHECK(named("constant") == Arrival::constant);
  CHECK(named("poisson") == Arrival::poisson);
  CHECK(named("gamma") == Arrival::gamma);
  CHECK(named("bursty") == Arrival::bursty);
  CHECK(named("offline") == Arrival::offline);
}

TEST_CASE("--trace implies arrival trace, and --concurrency a closed loop") {
  CHECK(config({{"trace", Text("t.csv")}}).arrival == Arrival::trace);
  CHECK(config({{"arrival", Text("bursty")}, {"trace", Text("t.csv")}}).arrival == Arrival::trace);
  CHECK(config({{"concurrency", int64_t{8}}}).arrival == Arrival::closed);
  CHECK(config({{"arrival", Text("closed")}, {"concurrency", int64_t{8}}}).concurrency == 8);
}

TEST_CASE("a trace may end the run, nothing else goes without an end") {
  const catalog::OptionValues endless = {{"total_requests", int64_t{0}}, {"duration", 0.0}};
  auto trace = endless;
  trace["trace"] = Text("t.csv");
  CHECK(config(trace).total_requests == 0);
  CHECK(config({{"total_requests", int64_t{0}}, {"duration", 1.0}}).duration_s == 1);
  CHECK(refusal(endless) == "nothing ends this run; give --total-requests N, --duration SECONDS, or a --trace");
  auto closed = endless;
  closed["concurrency"] = int64_t{1};
  CHECK(refusal(closed) == refusal(endless));
  CHECK(refusal({{"arrival", Text("offline")}, {"total_requests", int64_t{0}}, {"duration", 5.0}}) ==
        "--arrival offline makes every request due at once, so no --duration can end it; give --total-requests N");
}

TEST_CASE("combinations that mean nothing are refused with the remedy") {
  CHECK(refusal({{"arrival", Text("trace")}}) == "--arrival trace needs a file; give it with --trace FILE");
  CHECK(refusal({{"arrival", Text("closed")}}) ==
        "--arrival closed needs the number of requests in flight; give it with --concurrency N");
  CHECK(refusal({{"trace", Text("t.csv")}, {"concurrency", int64_t{2}}}) ==
        "--trace gives the arrival times and --concurrency lets completions set them; leave one of them out");
  CHECK(refusal({{"concurrency", int64_t{9}}, {"max_in_flight", int64_t{8}}}) ==
        "--concurrency 9 is more than --max-in-flight 8; raise --max-in-flight");
}

TEST_CASE("rates that are not rates are refused in one line naming the option") {
  for (const char* value : {"0", "-1", "nan", "inf", "1e9", "fast", ""}) {
    CAPTURE(value);
    CHECK_THROWS_AS(parse("rate", value), base::Error);
  }
  CHECK(parse("rate", "0.5") == catalog::OptionValue(0.5));
  CHECK(refusal({{"rate", 0.0}}).starts_with("--rate: "));
  CHECK(refusal({{"rate", std::nan("")}}).starts_with("--rate: "));
}

TEST_CASE("values out of range are refused even when no one checked them before") {
  CHECK(refusal({{"total_requests", int64_t{-1}}}).starts_with("--total-requests: "));
  CHECK(refusal({{"concurrency", int64_t{1} << 33}}).starts_with("--concurrency: "));
  CHECK(refusal({{"max_in_flight", int64_t{0}}}).starts_with("--max-in-flight: "));
  CHECK(refusal({{"cv", 0.0}}).starts_with("--cv: "));
  CHECK(refusal({{"burst_factor", 0.5}}).starts_with("--burst-factor: "));
  CHECK(refusal({{"trace_speed", 0.0}}).starts_with("--trace-speed: "));
  CHECK(refusal({{"trace_spread", Text("even")}}).starts_with("--trace-spread: "));
  CHECK(refusal({{"arrival", Text("poison")}}).find("poisson") != std::string::npos);
  CHECK(refusal({{"timeout", 0.0}}).starts_with("--timeout: "));
}

TEST_CASE("how long a schedule is follows from its load") {
  LoadConfig config;
  config.arrival = Arrival::constant;
  config.rate = 100;
  config.total_requests = 1000;
  config.warmup_items = 100;
  CHECK(planned_s(config) == doctest::Approx(11));
  config.duration_s = 3;
  CHECK(planned_s(config) == doctest::Approx(4));
  config.total_requests = 0;
  CHECK(planned_s(config) == doctest::Approx(4));
  config.duration_s = 0;
  config.total_requests = 10'000;
  config.arrival = Arrival::poisson;
  CHECK(planned_s(config) == doctest::Approx((10'400 + 140) / 100.0));  // by chance four deviations longer
  config.arrival = Arrival::trace;
  config.trace_speed = 2;
  CHECK(planned_s(config, 600) == doctest::Approx(300));
  config.arrival = Arrival::offline;
  config.timeout_s = 30;
  CHECK(planned_s(config) == doctest::Approx(30));
  config.arrival = Arrival::closed;
  config.concurrency = 8;
  CHECK(planned_s(config) == doctest::Approx((1250 + 13) * 30.0));
}

// sage/testing.hpp as an author uses it: on plugins that keep the rules, and on such that break one each.
#include <doctest/doctest.h>
#include <sage/testing.hpp>

#include <algorithm>
#include <string>

using sage::testing::Chain;
using sage::testing::entry_of;
using sage::testing::Load;
using sage::testing::Report;
using sage::testing::run;
using sage::testing::Serial;

namespace {

std::string shipped(const char* name) {
  return std::string(SAGE_BINARY_DIR "/lib/sage-host/plugins/libsage_") + name + ".so";
}
sage_entry_fn broken(const std::string& name) {
  return entry_of(std::string(SAGE_BINARY_DIR "/tests/plugins/") + name + "/libsage_test_" + name + ".so");
}
bool told(const Report& report, const std::string& part) {
  return std::ranges::any_of(report.problems, [&](const auto& text) { return text.find(part) != std::string::npos; });
}
void check_clean(const Report& report, uint64_t requests) {
  INFO((report.problems.empty() ? "" : report.problems.front()));
  CHECK(report.problems.empty());
  CHECK(report.offered == requests);
  CHECK(report.outcomes.at(SAGE_OUTCOME_OK) == requests);
  CHECK(report.wrong == 0);
  CHECK(report.digests.size() == requests);
}

// Ends requests with another request's digest, and takes only every other row that it is offered.
class Wrong : public Serial {
 public:
  Wrong(sage::Host host, std::string_view id, const sage::Json& options) : Serial(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    if (full_ = !full_; full_) return 0;
    sage_completion done{};
    done.id = rows[0].id;
    done.digest = 7;
    own_.complete({&done, 1});
    return 1;
  }

 private:
  sage::Host own_;
  bool full_ = false;
};

// Its due times decrease, and its plan throws at request 90.
class Careless : public Chain {
 public:
  using Chain::Chain;
  size_t plan(std::span<sage_request> rows) override {
    Chain::plan(rows);
    for (auto& row : rows) {
      if (row.seq == 90) throw std::runtime_error("on purpose");
      if (row.seq == 5) row.due_ns = 0;
    }
    return rows.size();
  }
};

}  // namespace

TEST_CASE("the two halves that are there run together, paced and in a closed loop") {
  Load load;
  load.requests = 500;
  check_clean(run(entry_of<Chain>(), entry_of<Serial>(), load), 500);
  load.in_flight = 8;
  load.workload = {{"steps", 4}, {"payload", 0}};
  const auto report = run(entry_of<Chain>(), entry_of<Serial>(), load);
  check_clean(report, 500);
  CHECK(report.passed == 500);
}

TEST_CASE("a workload in virtual time against the simulator: a day takes no time, and is the same twice") {
  Load load;
  load.requests = 2000;
  load.rate = 0.02;
  load.backend = {{"operators", true}, {"service_ms", 100.0}};
  const auto once = run(entry_of<Chain>(), entry_of(shipped("mock")), load);
  check_clean(once, 2000);
  CHECK(once.responses_ns.front() > 0);
  const auto twice = run(entry_of<Chain>(), entry_of(shipped("mock")), load);
  CHECK(once.responses_ns == twice.responses_ns);
  CHECK(once.digests == twice.digests);
}

TEST_CASE("a backend with threads of its own against a scripted workload, in real time") {
  Load load;
  load.requests = 400;
  load.in_flight = 16;
  load.workload = {{"steps", 3}, {"hold_us", 50.0}};
  const auto report = run(entry_of<Chain>(), entry_of(shipped("threads")), load);
  check_clean(report, 400);
  CHECK(report.responses_ns.front() >= 3 * 50'000);
}

TEST_CASE("shipped workloads keep the rules") {
  for (const auto* name : {"q1", "q6"}) {
    CAPTURE(name);
    Load load;
    load.requests = 200;
    load.workload = {{"documents", 100}};
    load.capabilities = {"keyed", "stages", "operators", "priority"};
    check_clean(run(entry_of(shipped(name)), entry_of<Serial>(), load), 200);
  }
}

TEST_CASE("each rule that a backend breaks is told") {
  Load load;
  load.requests = 20;
  load.drain_s = 0.2;
  struct Case {
    const char* plugin;
    const char* problem;
  };
  for (const auto& [plugin, problem] : {Case{"completes_twice", "ended twice"},
                                        {"completes_unknown", "which was never sent"},
                                        {"never_completes", "was never ended"},
                                        {"stamps_wrongly", "a time in the future"},
                                        {"stamps_wrongly", "a time before it was sent"},
                                        {"spans_wrongly", "a span at an impossible time"},
                                        {"unknown_values", "status 99"}}) {
    CAPTURE(plugin);
    CHECK(told(run(entry_of<Chain>(), broken(plugin), load), problem));
  }
  CHECK(told(run(entry_of<Chain>(), entry_of<Wrong>(), load), "its digest is not that of a serial execution"));
}

TEST_CASE("a call that fails throws its text") {
  CHECK_THROWS_WITH_AS(run(entry_of<Careless>(), entry_of<Serial>()), "plan: status 1: on purpose", std::runtime_error);
  CHECK_THROWS_WITH_AS(run(entry_of<Serial>(), entry_of<Chain>()),
                       doctest::Contains("the first entry has to be a workload's"), std::runtime_error);
  CHECK_THROWS_AS(entry_of("/nonexistent.so"), std::runtime_error);
}

TEST_CASE("each rule that a workload breaks is told") {
  Load load;
  load.requests = 20;
  CHECK(told(run(entry_of<Careless>(), entry_of<Serial>(), load), "request 5: due times decrease"));
  CHECK(told(run(broken("no_digest"), entry_of<Serial>(), load), "the operators give no digest"));
}

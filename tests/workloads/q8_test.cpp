#include "workloads/q8/recovery_soak.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "workloads/drive.hpp"

using workloads::q8::FaultConfig;
using workloads::q8::FaultSchedule;
using workloads::q8::RecoverySoak;

namespace {

const std::vector<std::string> everything = {"fault.kill-worker", "fault.freeze-worker", "fault.kill-node",
                                             "fault.freeze-node", "fault.slow-node",     "fault.drop-link"};

FaultConfig config(std::string kinds = "", uint32_t nodes = 3) {
  return {.kinds = std::move(kinds),
          .every_s = 10,
          .heal_after_s = 4,
          .capabilities = everything,
          .stages = {"chat", "embedding"},
          .workers = 4,
          .nodes = nodes};
}

std::string refusal(const FaultConfig& wrong) {
  try {
    const FaultSchedule schedule(wrong, 1);
  } catch (const sage::Failure& failure) {
    CHECK(failure.status() == SAGE_INVALID);
    return failure.what();
  }
  return "";
}

constexpr int64_t second_ns = 1'000'000'000;

sage::Host no_host() { return sage::Host(nullptr); }

sage::Json options() {
  return {{"seed", 7},
          {"parallelism", 2},
          {"accounts", 100},
          {"capabilities", everything},
          {"load", {{"warmup_items", 10}}}};
}

}  // namespace

TEST_CASE("Q8: a fault every so often, each healed in time, whatever the steps in which they are asked for") {
  FaultSchedule at_once(config(), 5), in_steps(config(), 5);
  const auto all = at_once.due(second_ns, 101 * second_ns);
  std::vector<sage::Event> stepped;
  for (int64_t t = 0; t <= 101; t += 3)
    for (auto& event : in_steps.due(second_ns, std::min<int64_t>(t, 101) * second_ns)) stepped.push_back(event);
  for (auto& event : in_steps.due(second_ns, 101 * second_ns)) stepped.push_back(event);
  REQUIRE(all.size() == 19);  // ten faults from 11 s on, the last of them not healed yet
  REQUIRE(stepped.size() == all.size());
  std::set<std::string> kinds;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool fault = i % 2 == 0;
    CHECK(all[i].kind == (fault ? SAGE_EVENT_FAULT : SAGE_EVENT_HEAL));
    CHECK(all[i].due_ns == second_ns + static_cast<int64_t>(i / 2 + 1) * 10 * second_ns + (fault ? 0 : 4 * second_ns));
    CHECK(all[i].target == stepped[i].target);
    CHECK(all[i].args == stepped[i].args);
    if (!fault) CHECK(all[i].args == all[i - 1].args);
    kinds.insert(all[i].target);
    if (all[i].args.contains("node")) CHECK(all[i].args["node"] >= 1);
    if (all[i].args.contains("worker")) CHECK(all[i].args["worker"] < 4);
  }
  CHECK(kinds.size() > 2);
  FaultSchedule other(config(), 6);
  const auto different = other.due(second_ns, 101 * second_ns);
  CHECK(std::ranges::any_of(std::views::iota(size_t{0}, all.size()), [&](size_t i) {
    return different[i].target != all[i].target || different[i].args != all[i].args;
  }));
}

TEST_CASE("Q8: no fault takes the accounts along unless it was asked for") {
  const FaultSchedule usual(config(), 1);
  CHECK(usual.kinds().size() == 5);
  REQUIRE(usual.left_out().size() == 1);
  CHECK(usual.left_out()[0].starts_with("kill-node: would take the accounts along"));
  const FaultSchedule asked(config("kill-node"), 1);
  CHECK(asked.kinds() == std::vector<std::string>{"kill-node"});
}

TEST_CASE("Q8: what cannot be done is refused when it was named, and left out when it was not") {
  CHECK(refusal(config("kill-wurst")).find("no fault 'kill-wurst'") != std::string::npos);
  CHECK(refusal(config("slow-node", 1)) == "fault slow-node: needs a second node; use --nodes 2");
  auto poor = config("drop-link");
  poor.capabilities = {"fault.kill-worker"};
  CHECK(refusal(poor) == "fault drop-link: the backend lacks fault.drop-link");
  poor.kinds = "";
  const FaultSchedule left(poor, 1);
  CHECK(left.kinds() == std::vector<std::string>{"kill-worker"});
  CHECK(left.left_out().size() == 5);
  auto hasty = config();
  hasty.heal_after_s = 10;
  CHECK(refusal(hasty).find("lower it") != std::string::npos);
}

TEST_CASE("Q8: the load has its shares, and a soak that went well passes") {
  RecoverySoak soak(no_host(), "q8", options());
  const auto rows = planned(soak, 2000);
  size_t transactions = 0, noise = 0;
  for (const auto& row : rows) {
    transactions += row.class_id == 2 ? 1U : 0U;
    noise += row.tenant == 1 ? 1U : 0U;
    CHECK((row.flags & SAGE_REQUEST_IDEMPOTENT) == (row.class_id == 2 ? 0 : SAGE_REQUEST_IDEMPOTENT));
    if (row.tenant == 1) CHECK(row.units_out == 256);
  }
  CHECK(transactions == doctest::Approx(400).epsilon(0.15));
  CHECK(noise == doctest::Approx(200).epsilon(0.2));
  const auto outcomes = executed(soak, rows, 2);
  for (const auto verdict : settled(soak, outcomes.rows)) CHECK(verdict == SAGE_VERDICT_PASS);
  const auto conclusion = soak.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["violations"] == 0);
}

TEST_CASE("Q8: a transaction that was applied twice does not pass") {
  RecoverySoak soak(no_host(), "q8", options());
  const auto rows = planned(soak, 1000);
  operators::common::SerialBackend backend(soak, 1);
  Outcomes outcomes;
  bool repeated = false;
  for (const auto& row : rows) {
    if (!repeated && row.seq > 200 && row.class_id == 2 && row.pipeline == 3) {  // a deposit
      backend.run(row);
      repeated = true;
    }
    outcomes.add(row, backend.run(row));
  }
  REQUIRE(repeated);
  settled(soak, outcomes.rows);
  CHECK(soak.conclude().verdict == SAGE_VERDICT_WRONG);
}

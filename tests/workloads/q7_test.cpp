#include "workloads/q7/reconfig_drill.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "workloads/drive.hpp"

using workloads::q7::choose_drills;
using workloads::q7::Deployment;
using workloads::q7::ReconfigDrill;

namespace {

const std::vector<std::string> all_capabilities = {"reconfigure.add-node", "reconfigure.remove-node",
                                                   "reconfigure.parallelism", "reconfigure.move-stage",
                                                   "reconfigure.replace-worker"};
const std::vector<std::string> threads_capabilities = {"priority", "reconfigure.parallelism",
                                                       "reconfigure.replace-worker"};

Deployment deployment(uint64_t nodes = 1) {
  return {.stage = "chat", .all = {"chat", "embedding"}, .parallelism = 2, .nodes = nodes, .next_node = nodes};
}

std::vector<std::string> names(const workloads::q7::Drills& drills) {
  std::vector<std::string> out;
  for (const auto& drill : drills.chosen) out.push_back(drill.name);
  return out;
}

std::string refusal(const std::string& wanted, const std::vector<std::string>& capabilities) {
  try {
    choose_drills(wanted, false, capabilities, deployment());
  } catch (const sage::Failure& failure) {
    CHECK(failure.status() == SAGE_INVALID);
    return failure.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Q7: by default, what the backend can do; the rest is named with its reason") {
  CHECK(names(choose_drills("", false, all_capabilities, deployment())) ==
        std::vector<std::string>{"scale-out", "move-stage", "parallelism", "rolling", "scale-in"});
  const auto threads = choose_drills("", false, threads_capabilities, deployment());
  CHECK(names(threads) == std::vector<std::string>{"parallelism", "rolling"});
  REQUIRE(threads.left_out.size() == 3);
  CHECK(threads.left_out[0] == "scale-out: the backend lacks reconfigure.add-node");
}

TEST_CASE("Q7: a drill that was asked for and cannot be done is refused with the remedy, or skipped on request") {
  CHECK(refusal("scale-out,rolling", threads_capabilities) ==
        "drill scale-out: the backend lacks reconfigure.add-node; use --skip-unsupported or --drill "
        "parallelism,rolling");
  CHECK(refusal("move-stage", all_capabilities).starts_with("drill move-stage: needs two nodes; use --nodes 2"));
  CHECK(refusal("scale-out,move-stage,scale-in", all_capabilities).empty());
  CHECK(refusal("rolling,", all_capabilities).find("no drill ''") != std::string::npos);
  const auto skipped = choose_drills("scale-out,rolling", true, threads_capabilities, deployment());
  CHECK(names(skipped) == std::vector<std::string>{"rolling"});
  CHECK(skipped.left_out.size() == 1);
}

TEST_CASE("Q7: each drill is what it is called") {
  const auto drills =
      choose_drills("scale-out,move-stage,scale-in,rolling,parallelism", false, all_capabilities, deployment(2));
  CHECK(drills.chosen[0].events[0].target == "add-node");
  CHECK(drills.chosen[1].events[0].args == sage::Json{{"stage", "chat"}, {"node", 2}});  // the new one
  CHECK(drills.chosen[1].events[1].args["node"] == 0);
  CHECK(drills.chosen[2].events[0].args == sage::Json{{"node", 2}});
  const auto& rolling = drills.chosen[3].events;
  REQUIRE(rolling.size() == 10);  // chat moved with the six it had on three nodes; embedding has two on each of two
  CHECK(rolling[3].args == sage::Json{{"stage", "chat"}, {"worker", 3}});
  CHECK(rolling[6].args == sage::Json{{"stage", "embedding"}, {"worker", 0}});
  CHECK(drills.chosen[4].events[0].args["value"] == 4);
  CHECK(drills.chosen[4].events[1].args["value"] == 2);
}

TEST_CASE("Q7: a rolling replacement knows how many workers the drills before it have left") {
  const auto moved = choose_drills("move-stage,rolling", false, all_capabilities, deployment(2));
  CHECK(moved.chosen[1].events.size() == 8);  // all four of chat, now on one node, and four of embedding
  const auto resized = choose_drills("move-stage,parallelism,rolling", false, all_capabilities, deployment(2));
  CHECK(resized.chosen[2].events.size() == 6);  // two on the one node that chat is on
}

TEST_CASE("Q7: each drill has its three phases, and its changes fall into the second") {
  ReconfigDrill w(sage::Host(nullptr), "q7",
                  {{"capabilities", threads_capabilities}, {"load", {{"total_requests", 1000}}}});
  std::vector<sage_request> rows(1000);
  for (uint64_t seq = 0; seq < rows.size(); ++seq) {
    rows[seq].seq = seq;
    rows[seq].due_ns = static_cast<int64_t>(seq);
  }
  w.plan(rows);
  std::vector<std::pair<std::string, int64_t>> seen;
  for (const auto& event : w.events(INT64_MAX)) seen.emplace_back(event.target, event.due_ns);
  const std::vector<std::pair<std::string, int64_t>> expected = {
      {"before:parallelism", 0},  {"drill:parallelism", 225}, {"parallelism", 225},    {"parallelism", 300},
      {"after:parallelism", 375}, {"before:rolling", 500},    {"drill:rolling", 725},  {"replace-worker", 725},
      {"replace-worker", 763},    {"replace-worker", 800},    {"replace-worker", 838}, {"after:rolling", 875}};
  CHECK(seen == expected);
  CHECK_THROWS_AS(ReconfigDrill(sage::Host(nullptr), "q7", {{"load", {{"arrival", "closed"}}}}), sage::Failure);
}

TEST_CASE("Q7: results are checked, and the report says what was drilled") {
  ReconfigDrill w(sage::Host(nullptr), "q7",
                  {{"capabilities", threads_capabilities}, {"check_every", 4}, {"load", {{"total_requests", 100}}}});
  const auto outcomes = executed(w, planned(w, 100), 2);
  settled(w, outcomes.rows);
  const auto conclusion = w.conclude();
  CHECK(conclusion.verdict == SAGE_VERDICT_PASS);
  CHECK(conclusion.report["drills"] == "parallelism; rolling");
  CHECK(conclusion.report["not_exercised"].get<std::string>().starts_with("scale-out: the backend lacks"));
}

#include "engine/participation.hpp"

#include <doctest/doctest.h>
#include <sage/plugin.hpp>

#include <deque>

using namespace host;
using namespace host::engine;

namespace {

using Nodes = std::vector<uint32_t>;

// Two stateless stages on two nodes of two workers each; node 1 served nothing of 400 requests. Tests change a piece.
struct Made {
  std::deque<sage_stage> stages;
  std::deque<sage_node> nodes;
  std::deque<sage_str> words;
  Description description;
  records::RunResult result;
  uint32_t asked = 2;

  Made() {
    stage();
    stage();
    result.cells.emplace(std::vector<std::string>{"run"}, std::vector<std::string>{"only"},
                         std::vector<std::string>{"default"});
    ok(400);
    result.nodes = {{.node = 0, .requests = 400, .share = 1}, {.node = 1, .requests = 0, .share = 0}};
  }
  sage_stage& stage(const char* needs = nullptr) {
    auto& added = stages.emplace_back();
    added.struct_size = sizeof added;
    if (needs != nullptr) {
      added.n_needs = 1;
      added.needs = &words.emplace_back(sage_str{needs, std::string_view(needs).size()});
    }
    description.stages.push_back(&added);
    result.stages.push_back({"", {}, {}});
    return added;
  }
  void node(const char* ability) {
    auto& added = nodes.emplace_back();
    added.struct_size = sizeof added;
    added.n_abilities = 1;
    added.abilities = &words.emplace_back(sage_str{ability, std::string_view(ability).size()});
    description.nodes.push_back(&added);
  }
  void executed(size_t stage) { result.stages[stage].service.record(1000); }
  void ok(uint64_t n) { result.cells->at(0, 0, 0).outcomes[0] = n; }
  void event(const char* kind, const char* target, nlohmann::json args, const char* status = "done") {
    result.events = {{}};
    result.events[0].kind = kind;
    result.events[0].target = target;
    result.events[0].args = std::move(args);
    result.events[0].status = status;
  }
  [[nodiscard]] Nodes idle() const { return idle_nodes(description, asked, 2, result); }
};

}  // namespace

TEST_CASE_FIXTURE(Made, "a node that served nothing of enough requests is idle") {
  CHECK(idle() == Nodes{1});
  result.nodes[1].requests = 1;
  CHECK(idle().empty());
}

TEST_CASE_FIXTURE(Made, "too few requests to reach every worker say nothing of a node") {
  const auto enough = requests_a_worker_min * 2 * 2;
  ok(enough);
  CHECK(idle() == Nodes{1});
  ok(enough - 1);
  CHECK(idle().empty());
  ok(400);
  stages[1].parallelism = 21;  // of its own
  CHECK(idle().empty());
}

TEST_CASE_FIXTURE(Made, "one node, and nodes that were added, owe nothing") {
  asked = 1;
  CHECK(idle().empty());
}

TEST_CASE_FIXTURE(Made, "an event explains the node that it names") {
  for (const auto& [kind, target] : {std::pair{"fault", "kill-node"},
                                     {"fault", "freeze-node"},
                                     {"fault", "drop-link"},
                                     {"reconfigure", "remove-node"}}) {
    event(kind, target, {{"node", 1}});
    CHECK(idle().empty());
    event(kind, target, {{"node", 0}});
    CHECK(idle() == Nodes{1});
    event(kind, target, {{"node", 1}}, "failed");  // it did not happen
    CHECK(idle() == Nodes{1});
  }
  event("mark", "node", {{"node", 1}});
  CHECK(idle() == Nodes{1});
  event("reconfigure", "add-node", nullptr);
  CHECK(idle() == Nodes{1});
}

TEST_CASE_FIXTURE(Made, "an event that takes workers from a node that it does not name explains any") {
  event("fault", "kill-worker", {{"stage", "chat"}, {"worker", 1}});
  CHECK(idle().empty());
  event("reconfigure", "move-stage", {{"stage", "chat"}, {"node", 0}});
  CHECK(idle().empty());
  event("reconfigure", "replace-worker", {{"stage", "chat"}, {"worker", 1}});  // one in its place
  CHECK(idle() == Nodes{1});
}

TEST_CASE_FIXTURE(Made, "keys choose the node: only stateless stages that were executed count") {
  stages[0].key_by = SAGE_KEY_REQUEST;
  CHECK(idle() == Nodes{1});  // the second stage is open
  executed(0);
  CHECK(idle().empty());
  executed(1);
  CHECK(idle() == Nodes{1});
  stages[1].key_by = SAGE_KEY_INPUT;
  CHECK(idle().empty());
}

TEST_CASE_FIXTURE(Made, "a node without what the stages need owes nothing") {
  stage("llm");
  node("llm");
  node("embedding");
  CHECK(idle() == Nodes{1});  // for the other stages
  executed(2);
  CHECK(idle().empty());
  description.nodes[1] = description.nodes[0];
  CHECK(idle() == Nodes{1});
}

TEST_CASE("nodes are named, many of them by their number") {
  CHECK(nodes_text({3}) == "node 3");
  CHECK(nodes_text({3, 4}) == "nodes 3 and 4");
  CHECK(nodes_text({1, 2, 3, 4, 5, 6}) == "nodes 1, 2, 3, 4, 5 and 6");
  CHECK(nodes_text({1, 2, 3, 4, 5, 6, 7}) == "nodes 1, 2, 3, 4, 5 and 2 others");
}

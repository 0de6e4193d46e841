#include "engine/description.hpp"

#include <doctest/doctest.h>
#include <sage/plugin.hpp>

#include <limits>

#include "base/scratch.hpp"

using namespace host::engine;
using scratch::contains;
using scratch::refusal;

namespace {

// In order; a test changes a piece.
struct Fixture {
  sage::Description what;
  Fixture() {
    what.stages = {{.name = "first", .operator_name = "a"}, {.name = "second", .operator_name = "b"}};
    what.pipelines = {{"only", {{0, {}}, {1, {0}}}}};
    what.classes = {{"tight"}, {"loose"}};
  }
  [[nodiscard]] std::string said() const {
    const sage::detail::DescriptionTables tables(what);
    const Description d{tables.stage_pointers, tables.pipeline_pointers, tables.class_pointers, tables.tenant_pointers,
                        tables.node_pointers};
    return refusal([&] { check_description(d, "fake"); });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a description in order is taken") {
  CHECK(said().empty());
  what.stages[0].needs = {"gpu"};
  CHECK(said().empty());  // as many nodes as the run says, all alike
  what.nodes = {{.name = "fast", .abilities = {"gpu", "cpu"}}, {.name = "fast", .abilities = {}}};
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Fixture, "what cannot be is refused with plugin, field and what is possible") {
  SUBCASE("names") {
    what.tenants = {"a", "a"};
    CHECK(said() ==
          "workload 'fake': two tenants are called 'a'; each needs a name of its own; report it to its author");
    what.tenants = {""};
    CHECK(contains(said(), "the name of tenant 0 has 0 bytes, 1 to 256 are possible"));
  }
  SUBCASE("how many") {
    what.tenants.clear();
    for (int i = 0; i < 256; ++i) what.tenants.push_back(std::to_string(i));
    CHECK(said().empty());
    what.classes.resize(17);
    CHECK(contains(said(), "17 classes and 256 tenants, 256 and 256 are possible, and 4096 combinations"));
    what.tenants.emplace_back("one more");
    what.classes.resize(1);
    CHECK(contains(said(), "1 classes and 257 tenants"));
  }
  SUBCASE("numbers") {
    for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      what.stages[1].cost_per_unit_out_ns = bad;
      CHECK(contains(said(), "stage 'second': cost_per_unit_out_ns is "));
    }
  }
  SUBCASE("key_by") {
    what.stages[0].key_by = 3;
    CHECK(contains(said(), "stage 'first': key_by is 3, 0 (none), 1 (request) and 2 (input) are possible"));
  }
  SUBCASE("needs") {
    what.stages[1].needs = {"gpu", "llm"};
    what.nodes = {{.name = "a", .abilities = {"gpu"}}, {.name = "b", .abilities = {"llm"}}};
    CHECK(contains(said(), "stage 'second': needs gpu, llm, which none of its 2 nodes has"));
    what.nodes[0].speed = std::numeric_limits<double>::infinity();
    CHECK(contains(said(), "node 'a': speed is inf, a number above 0 is possible"));
  }
  SUBCASE("steps") {
    what.pipelines[0].steps[1].inputs = {1};
    CHECK(contains(said(), "pipeline 'only': step 1 takes the output of step 1, which is not earlier"));
    what.pipelines[0].steps[1].inputs = {};
    CHECK(contains(said(), "pipeline 'only': no step takes the output of step 0"));
    what.pipelines[0].steps[1].stage = 2;
    CHECK(contains(said(), "step 1 names stage 2, there are 2"));
  }
}

TEST_CASE("events follow each other, and are of kinds that there are") {
  const auto event = [](uint32_t kind, int64_t due_ns, std::string_view args = "{}") {
    return sage_event{0, due_ns, sage::str("x"), sage::str(args), kind, 0, 0};
  };
  const auto said = [](const std::vector<sage_event>& events, int64_t after_ns = 0) {
    return refusal([&] { (void)check_events(events, after_ns, "fake"); });
  };
  const std::vector<sage_event> good = {event(SAGE_EVENT_MARK, 5), event(SAGE_EVENT_FAULT, 5, ""),
                                        event(SAGE_EVENT_RECONFIGURE, 9)};
  CHECK(check_events(good, 0, "fake") == 9);
  CHECK(contains(said(good, 6), "event 'x' at 5 ns: due_ns is before that of the event before it, 6 ns"));
  CHECK(contains(said({event(SAGE_EVENT_MARK, -1)}), "due_ns"));
  CHECK(contains(said({event(0, 1)}), "kind is 0, 1 (mark), 2 (fault), 3 (heal) and 4 (reconfigure) are possible"));
  CHECK(contains(said({event(SAGE_EVENT_FAULT, 1, "[]")}), "args is no JSON object"));
}

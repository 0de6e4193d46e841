// The search as a function of the runs that are known, and the file that keeps them.
#include "experiment/frontier.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "base/scratch.hpp"

using namespace host;
using namespace host::experiment;

namespace {

// A node serves 100/s; `search` runs to its end, or for at most so many runs.
int run_on(const SearchSpec& search, Probes& probes, int runs_max = 1000) {
  int runs = 0;
  for (; runs < runs_max; ++runs) {
    auto next = look(search, 30, 42, probes).next;
    if (!next) break;
    next->status = "ok";
    next->subject = next->attainment = next->rate <= 100 * next->nodes ? 1.0 : 0.5;
    probes.add(*next);
  }
  return runs;
}

nlohmann::ordered_json plan(const char* hash) { return {{"config_hash", hash}, {"planned", nlohmann::json::array()}}; }

const SearchSpec two_sizes{.nodes = {1, 2}, .repeat = 2};

}  // namespace

TEST_CASE("a search that was cut off asks for the run it lacks, and comes to the same end") {
  const scratch::Folder whole;
  const scratch::Folder cut;
  Probes all(whole.path(), plan("hash"));
  const auto runs = run_on(two_sizes, all);
  REQUIRE(runs > 6);
  const auto found = look(two_sizes, 30, 42, all).points;
  REQUIRE(found.size() == 2);
  for (const auto& point : found) {
    CHECK(*point.found.low <= 100 * point.nodes);
    CHECK(*point.found.high > 100 * point.nodes);
  }
  for (int first = 0; first <= runs; first += 3) {
    std::filesystem::remove(cut.path() / "state.json");
    {
      Probes begun(cut.path(), plan("hash"));
      CHECK(run_on(two_sizes, begun, first) == first);
    }
    Probes again(cut.path(), plan("hash"));
    CHECK(static_cast<int>(again.all().size()) == first);
    CHECK(run_on(two_sizes, again) == runs - first);
    CHECK(look(two_sizes, 30, 42, again).points[1].found.low == found[1].found.low);
  }
}

TEST_CASE("the repetitions of a rate have seeds of their own, and one that misses is enough") {
  const scratch::Folder folder;
  Probes probes(folder.path(), plan("hash"));
  run_on(two_sizes, probes);
  for (const auto& probe : probes.all()) {
    CHECK(probe.seed == 41 + probe.repetition);
    CHECK((probe.rate > 100 * probe.nodes && probe.repetition > 1) == false);
  }
}

TEST_CASE("a capacity above which a driver was the limit says so, also when the search goes on later") {
  const scratch::Folder folder;
  const SearchSpec search{.nodes = {1, 2}, .repeat = 1};
  {
    Probes probes(folder.path(), plan("hash"));
    while (auto next = look(search, 30, 42, probes).next) {
      next->status = "ok";
      next->subject = next->attainment = next->rate <= 100 ? 1.0 : 0.5;
      next->limited_by_driver = next->nodes == 2 && next->rate > 90;  // also where it met
      probes.add(*next);
    }
  }
  const Probes again(folder.path(), plan("hash"));
  const auto found = look(search, 30, 42, again).points;
  REQUIRE(found.size() == 2);
  CHECK_FALSE(found[0].limited_by_driver);
  CHECK(found[0].note.empty());
  CHECK(found[1].limited_by_driver);
  CHECK(found[1].note == fmt::format("limited by its driver at {:.15g}/s", *found[1].found.high));
  CHECK(found[0].capacity() == found[0].found.low);
  REQUIRE(found[1].found.low);
  CHECK_FALSE(found[1].capacity());
}

TEST_CASE("where the load generator was the limit, or nothing missed, no capacity was found") {
  for (const bool generator : {true, false}) {
    const scratch::Folder folder;
    const SearchSpec search{.nodes = {1}, .repeat = 1};
    Probes probes(folder.path(), plan("hash"));
    while (auto next = look(search, 30, 42, probes).next) {
      next->status = generator && next->rate > 100 ? "invalid" : "ok";
      next->reason = generator ? "the generator was late" : "";
      next->subject = 1.0;
      probes.add(*next);
    }
    const auto point = look(search, 30, 42, probes).points.at(0);
    REQUIRE(point.found.low);
    CHECK_FALSE(point.capacity());
    CHECK(point.note.find(generator ? "the generator was late" : "no rate that was offered missed") !=
          std::string::npos);
  }
}

TEST_CASE("a search can be subject to any metric, and take whole values") {
  const scratch::Folder folder;
  const SearchSpec search{
      .nodes = {1}, .maximise = "concurrency", .subject = {"", "total", "latency_p99", true, 50}, .repeat = 1};
  Probes probes(folder.path(), plan("hash"));
  while (auto next = look(search, 3, 42, probes).next) {
    CHECK(next->rate == std::floor(next->rate));
    next->status = "ok";
    next->subject = 4 * next->rate;  // ms
    next->attainment = 0;            // is not asked for
    probes.add(*next);
  }
  const auto point = look(search, 3, 42, probes).points.at(0);
  CHECK(point.capacity() == 12);
  CHECK(point.found.high == 13);
}

TEST_CASE("what a probe takes from its run's record") {
  const nlohmann::ordered_json record = {
      {"metadata",
       {{"status", "ok"}, {"reasons", nlohmann::json::array()}, {"harness_share", {{"limited_by_driver", true}}}}}};
  Probe probe;
  take_measures(probe, record, two_sizes);
  CHECK(probe.limited_by_driver);
  auto other = record;
  other["metadata"]["harness_share"] = nullptr;  // of an older version
  take_measures(probe, other, two_sizes);
  CHECK_FALSE(probe.limited_by_driver);
}

TEST_CASE("a run that failed ends the search for its number of nodes, and says why") {
  const scratch::Folder folder;
  Probes probes(folder.path(), plan("hash"));
  auto probe = *look(two_sizes, 30, 42, probes).next;
  probe.status = "failed";
  probe.reason = "it broke";
  probes.add(probe);
  const auto frontier = look(two_sizes, 30, 42, probes);
  REQUIRE(frontier.points.size() == 2);
  CHECK(frontier.points[0].found.stopped);
  CHECK(frontier.points[0].note == "at 30/s: it broke");
  REQUIRE(frontier.next);
  CHECK(frontier.next->nodes == 2);
}

TEST_CASE("a run that failed is no answer, whatever it counted until then, and is tried again") {
  struct End {
    const char* signal;
    std::optional<double> attainment;
    bool answers;
  };
  for (const auto& end : {End{"SIGKILL", {}, false}, End{"SIGSEGV", 1.0, false}, End{"", {}, false},
                          End{"", 1.0, false}, End{"", 0.4, false}, End{"", 0.0, true}}) {
    const scratch::Folder folder;
    {
      Probes probes(folder.path(), plan("hash"));
      auto probe = *look(two_sizes, 30, 42, probes).next;
      probe.status = "failed";
      probe.signal = end.signal;
      probe.subject = probe.attainment = end.attainment;
      probes.add(probe);
      const auto next = look(two_sizes, 30, 42, probes).next;
      REQUIRE(next);
      CHECK(next->nodes == (end.answers ? 1 : 2));  // another rate, or no more of this number of nodes
    }
    CHECK(Probes(folder.path(), plan("hash")).all().size() == (end.answers ? 1 : 0));
  }
}

TEST_CASE("the state of a search: of another configuration, damaged, of something else") {
  const scratch::Folder folder;
  const auto file = folder.path() / "state.json";
  {
    Probes probes(folder.path(), plan("hash"));
    run_on(two_sizes, probes, 2);
  }
  const auto refusal = [&](const char* hash) { return scratch::refusal([&] { Probes(folder.path(), plan(hash)); }); };
  CHECK(scratch::contains(refusal("other"), "search with other options"));
  std::ifstream in(file);
  const auto good = nlohmann::json::parse(in);
  const auto changed = [&](const char* at, const nlohmann::json& value) {
    auto state = good;
    state[nlohmann::json::json_pointer(at)] = value;
    std::ofstream(file) << state;
    return refusal("hash");
  };
  CHECK(scratch::contains(changed("/type", "pair"), "is not of a search"));
  CHECK(scratch::contains(changed("/schema_version", 9), "another version"));
  CHECK(scratch::contains(changed("/cells/0/found", 7), "not what a search found"));
  CHECK(scratch::contains(changed("/cells/0/repetition", "x"), "'repetition'"));
  CHECK(scratch::contains(changed("/cells", 7), "'cells'"));
  std::ofstream(file) << good.dump().substr(0, 100);
  CHECK(scratch::contains(refusal("hash"), "is not the state of an experiment"));
}

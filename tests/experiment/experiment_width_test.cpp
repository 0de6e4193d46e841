#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "compare/scratch_folder.hpp"
#include "compare/two_stage.hpp"
#include "experiment/experiment_run.hpp"

namespace host::experiment {
namespace {

// One side at one point: a cell for each latency, failed where there is none. The first five are the first stage.
class Measured {
 public:
  void add(std::optional<double> latency) {
    const auto n = static_cast<uint32_t>(run_.experiment.cells.size() + 1);
    Cell cell{.repetition = n, .state = latency ? Cell::State::ok : Cell::State::failed};
    if (latency)
      scratch_.write(run_.folder(cell) / "unified_results.jsonl",
                     fmt::format("{{\"latency_p99\": {}, \"metadata\": {{}}}}\n", *latency));
    run_.experiment.cells.push_back(cell);
    run_.orders[0].push_back({0});
  }
  ExperimentRun& run() { return run_; }

 private:
  compare::ScratchFolder scratch_;
  ExperimentRun run_ = [this] {
    ExperimentRun run;
    run.root = scratch_.path();
    run.file.repeat = 5;
    run.file.repeat_max = 1000;
    run.points.push_back({.name = "all"});
    run.sides = {"one"};
    run.orders.resize(1);
    run.until = compare::parse_stop_rule("latency_p99 +-5%");
    return run;
  }();
};

}  // namespace

TEST_CASE("the first stage is the first blocks, whatever comes later and whichever of them failed") {
  Measured measured;
  for (const auto latency : {100.0, 110.0, 0.0, 90.0, 105.0})
    measured.add(latency > 0 ? std::optional(latency) : std::nullopt);
  const compare::WidthGoal goal{.half_width = std::log1p(0.05), .confidence = 0.95};
  const std::vector<double> first = {100, 110, 90, 105};
  const auto needed = compare::repetitions_needed(*compare::log_values(first), goal);
  REQUIRE(needed > 6);
  CHECK(blocks_wanted(measured.run()) == std::vector<size_t>{needed});
  measured.add(3000);  // far off: it changes the mean, and neither the number nor the spread
  CHECK(blocks_wanted(measured.run()) == std::vector<size_t>{needed});
  const auto all =
      compare::two_stage_interval(*compare::log_values(std::vector<double>{100, 110, 90, 105, 3000}), 4, goal);
  REQUIRE(all);
  const auto lines = width_lines(measured.run());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        fmt::format("latency_p99 of one at all: {:.4g} [{:.4g}, {:.4g}], +-{:.2g} % with 5 repetitions: WIDER "
                    "than the +-5 % asked for",
                    all->ratio, all->low, all->high, compare::share_of(*all) * 100));
}

TEST_CASE("a first stage of too few usable blocks decides nothing") {
  Measured measured;
  for (int i = 0; i < 5; ++i) measured.add(i < 2 ? std::optional(100.0 + i) : std::nullopt);
  CHECK(blocks_wanted(measured.run()) == std::vector<size_t>{5});
  CHECK(width_lines(measured.run()) ==
        std::vector<std::string>{"latency_p99 of one at all: 2 repetitions can be used, which tell no width"});
}

}  // namespace host::experiment

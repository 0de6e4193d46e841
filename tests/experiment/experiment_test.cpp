#include "experiment/experiment.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "experiment/run.hpp"

using namespace host;
using namespace host::experiment;

namespace {

// What the runs were asked for, in place of processes.
std::vector<std::string> ran;

cell::CellReport run_well(const PlannedCell& cell, const cell::CellPlace& place, cell::StopSignals&) {
  ran.push_back(cell.spec.backend + " " + place.folder);
  return {.name = cell.spec.backend, .folder = "/"};
}

cell::CellReport run_until_stopped(const PlannedCell& cell, const cell::CellPlace& place, cell::StopSignals& stop) {
  if (ran.size() == 2) {
    raise(SIGINT);
    return {.name = "cut", .exit = base::Exit::interrupted, .text = "interrupted"};
  }
  return run_well(cell, place, stop);
}

cell::CellReport run_badly(const PlannedCell& cell, const cell::CellPlace& place, cell::StopSignals& stop) {
  auto report = run_well(cell, place, stop);
  if (cell.spec.backend == "b") report = {.name = "b", .exit = base::Exit::failed, .text = "a\nb", .signal = "SIGSEGV"};
  if (cell.spec.backend == "c") report.exit = base::Exit::invalid;
  return report;
}

Experiment experiment_of(const std::vector<std::string>& sides, size_t blocks) {
  Experiment out;
  out.sides = sides.size();
  for (const auto& side : sides) out.planned.emplace_back().spec.backend = side;
  out.cells = cells_by_block({side_orders(sides.size(), blocks, 42, 0)});
  return out;
}

std::vector<Cell::State> run(Experiment& experiment, decltype(&run_cell) how) {
  ran.clear();
  std::vector<Cell::State> kept;
  cell::StopSignals stop;
  run_cells(experiment,
            {.place = [](const Cell& cell, const cell::CellSpec&) -> cell::CellPlace {
               return {.folder = std::to_string(cell.repetition)};
             },
             .ended = [&](const Cell& cell, const cell::CellReport&) { kept.push_back(cell.state); },
             .run = how},
            stop);
  return kept;
}

}  // namespace

TEST_CASE("sides come in a drawn order and then in its reverse, so that none is early more often") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto orders = side_orders(3, 6, seed, 1);
    REQUIRE(orders.size() == 6);
    for (size_t block = 0; block < 6; block += 2) {
      CHECK(std::ranges::is_permutation(orders[block], std::vector<size_t>{0, 1, 2}));
      CHECK(orders[block + 1] == std::vector<size_t>(orders[block].rbegin(), orders[block].rend()));
    }
  }
  CHECK(side_orders(2, 40, 7, 0) == side_orders(2, 40, 7, 0));
  CHECK(side_orders(2, 40, 7, 0) != side_orders(2, 40, 8, 0));
  CHECK(side_orders(2, 40, 7, 0) != side_orders(2, 40, 7, 1));
}

TEST_CASE("a block is every point with all its sides; without sides each point's repetitions are in a row") {
  const auto blocks = cells_by_block({{{0, 1}, {1, 0}}, {{1, 0}, {0, 1}}});
  REQUIRE(blocks.size() == 8);
  CHECK(std::ranges::is_sorted(blocks, {}, &Cell::repetition));
  CHECK(blocks[2].point == 1);
  CHECK(blocks[2].side == 1);
  CHECK(blocks[2].position == 1);
  CHECK(blocks[3].position == 2);
  CHECK(cells_by_block({}).empty());

  const auto rows = cells_by_point(2, 3);
  REQUIRE(rows.size() == 6);
  CHECK(std::ranges::is_sorted(rows, {}, &Cell::point));
  CHECK(rows[4].repetition == 2);
}

TEST_CASE("cells run in their order, each with its own plan and place") {
  auto all = experiment_of({"a", "b"}, 2);
  run(all, run_well);
  REQUIRE(ran.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(ran[i] == all.plan_of(all.cells[i]).spec.backend + (i < 2 ? " 1" : " 2"));
  CHECK(count_pending(all) == 0);
  CHECK(worst_exit(all) == base::Exit::ok);
}

TEST_CASE("a cell that the user's wish to stop cut off stays pending, and what has ended is not run again") {
  auto all = experiment_of({"a", "b"}, 2);
  CHECK(run(all, run_until_stopped) == std::vector{Cell::State::ok, Cell::State::ok, Cell::State::pending});
  CHECK(count_pending(all) == 2);
  CHECK(worst_exit(all) == base::Exit::ok);

  CHECK(run(all, run_well).size() == 2);
  CHECK(count_pending(all) == 0);
}

TEST_CASE("how a cell ended is kept, and the exit code is that of the worst") {
  auto all = experiment_of({"a", "b", "c"}, 1);
  run(all, run_badly);
  CHECK(worst_exit(all) == base::Exit::failed);
  for (const auto& cell : all.cells) {
    const auto& side = all.plan_of(cell).spec.backend;
    CHECK(cell.state == (side == "a" ? Cell::State::ok : side == "b" ? Cell::State::failed : Cell::State::invalid));
    CHECK(cell.signal == (side == "b" ? "SIGSEGV" : ""));
    CHECK(cell.run_id == (side == "b" ? "" : side));
    CHECK(cell.reason.find('\n') == std::string::npos);
  }
}

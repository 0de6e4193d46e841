// Cells in an order, and how far that has got: what `run`, `pair`, a search and `rerun` have in common. As data.
//   sides x points x repetitions -> cells in an order -> their state
// A side is what is compared (a backend), a point what it is compared at (a workload, or a rate of a search), and a
// repetition a block: all sides at all points, once.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cell/cell_report.hpp"
#include "experiment/run_plan.hpp"

namespace host::experiment {

struct Cell {
  enum class State { pending, ok, invalid, failed };
  size_t point = 0;
  size_t side = 0;
  uint32_t repetition = 1;
  uint32_t position = 1;  // among the sides of its point in that block
  State state = State::pending;
  base::Exit exit = base::Exit::ok;
  std::string reason = {};  // empty if it is ok
  std::string signal = {};
  std::string place = {};
  std::string run_id = {};
  double seconds = 0;         // its process
  nlohmann::json files = {};  // SHA-256 by path below its folder
  nlohmann::json found = {};  // what a search learnt from it
};
const char* to_string(Cell::State state);

struct Experiment {
  size_t sides = 1;
  std::vector<PlannedCell> planned;  // by point, then side
  std::vector<Cell> cells;           // in the order in which they run

  [[nodiscard]] const PlannedCell& plan_of(const Cell& cell) const { return planned[cell.point * sides + cell.side]; }
};

// In which order each block takes the sides, by their indices. Blocks come in twos: a random order, then its reverse (A
// B, B A). So after an even number of blocks no side was early more often than another, and a drift of the machine that
// is steady over the two cancels. The orders are drawn from the seed; `stream` tells the points of one run apart.
using Orders = std::vector<std::vector<size_t>>;
Orders side_orders(size_t sides, size_t blocks, uint64_t seed, uint64_t stream);

// All pending. One side, each point's repetitions in a row.
std::vector<Cell> cells_by_point(size_t points, uint32_t repeat);
// Block by block, and in each point by point. `orders`: of each point, those of its blocks.
std::vector<Cell> cells_by_block(const std::vector<Orders>& orders);

// Null: none is left.
Cell* next_pending(Experiment& experiment);
size_t count_pending(const Experiment& experiment);
// How a cell ended. One that the user's wish to stop cut off stays pending.
void take_end(Cell& cell, const cell::CellReport& report, bool stopped);
// Of the cells that have ended, the code that says most.
base::Exit worst_exit(const Experiment& experiment);

}  // namespace host::experiment

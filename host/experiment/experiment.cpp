#include "experiment/experiment.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "cell/run_one.hpp"
#include "records/parity_plan.hpp"

namespace host::experiment {

const char* to_string(Cell::State state) {
  constexpr std::array names = {"pending", "ok", "invalid", "failed"};
  return names[static_cast<size_t>(state)];
}

Orders side_orders(size_t sides, size_t blocks, uint64_t seed, uint64_t stream) {
  Orders orders;
  for (size_t block = 0; block < blocks; ++block) {
    if (block % 2 == 1) {
      const auto& before = orders.back();
      orders.emplace_back(before.rbegin(), before.rend());
      continue;
    }
    const auto drawn = records::deterministic_shuffle(sides, seed + (stream << 32) + block);
    orders.emplace_back(drawn.begin(), drawn.end());
  }
  return orders;
}

std::vector<Cell> cells_by_point(size_t points, uint32_t repeat) {
  std::vector<Cell> cells;
  for (size_t point = 0; point < points; ++point)
    for (uint32_t repetition = 1; repetition <= repeat; ++repetition)
      cells.push_back({.point = point, .repetition = repetition});
  return cells;
}

std::vector<Cell> cells_by_block(const std::vector<Orders>& orders) {
  std::vector<Cell> cells;
  size_t blocks = 0;
  for (const auto& of_point : orders) blocks = std::max(blocks, of_point.size());
  for (uint32_t block = 0; block < blocks; ++block) {
    for (size_t point = 0; point < orders.size(); ++point) {
      if (block >= orders[point].size()) continue;
      const auto& order = orders[point][block];
      for (uint32_t place = 0; place < order.size(); ++place)
        cells.push_back({.point = point, .side = order[place], .repetition = block + 1, .position = place + 1});
    }
  }
  return cells;
}

Cell* next_pending(Experiment& experiment) {
  const auto it = std::ranges::find(experiment.cells, Cell::State::pending, &Cell::state);
  return it == experiment.cells.end() ? nullptr : &*it;
}

size_t count_pending(const Experiment& experiment) {
  return static_cast<size_t>(std::ranges::count(experiment.cells, Cell::State::pending, &Cell::state));
}

void take_end(Cell& cell, const cell::CellReport& report, bool stopped) {
  const bool ok = report.exit == base::Exit::ok;
  if (stopped && !ok) return;
  cell.state = ok ? Cell::State::ok : report.exit == base::Exit::invalid ? Cell::State::invalid : Cell::State::failed;
  cell.exit = report.exit;
  cell.reason = ok ? "" : base::one_line(report.text);
  cell.signal = report.signal;
  cell.place = report.place;
  if (!report.folder.empty()) cell.run_id = report.name;
}

base::Exit worst_exit(const Experiment& experiment) {
  auto exit = base::Exit::ok;
  for (const auto& cell : experiment.cells)
    if (cell.state != Cell::State::pending) exit = cell::worse(exit, cell.exit);
  return exit;
}

}  // namespace host::experiment

// The process of one cell. It is started by supervise.hpp, and shares a page of memory with its supervisor.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "base/error.hpp"
#include "cell/cell_spec.hpp"
#include "engine/watch.hpp"
#include "records/rows.hpp"

namespace host::cell {

// Shared by a cell's process and its supervisor; zero-initialised.
struct CellShared {
  engine::CallWatch watch;
  std::atomic<int> stop{0};  // written by the supervisor: how often the user asked to stop
  std::atomic<uint32_t> error_size{0};
  // Why the cell ended without a result, or with one that is not ok; written by the cell, before error_size.
  std::array<char, 4096> error{};

  void set_error(std::string_view text);
  [[nodiscard]] std::string_view error_text() const { return {error.data(), error_size.load()}; }
};

// The hidden command `cell <spec fd> <shared fd>`.
base::Exit cell_command(int spec_fd, int shared_fd);

// What is known of the cell before it runs.
records::RunInfo run_info(const CellSpec& cell);

// Loads both plugins and runs. Throws Error when the run could not begin.
base::Exit run_cell(const CellSpec& cell, CellShared& shared);

}  // namespace host::cell

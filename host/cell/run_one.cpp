#include "cell/run_one.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/output_file.hpp"
#include "cell/failure_record.hpp"
#include "cell/run_folder.hpp"
#include "records/run_id.hpp"
#include "writers/repro_writer.hpp"

namespace host::cell {
namespace {

// run.log: what was asked for, then how it ended; what plugins log meanwhile is added by the cell. Times are UTC.
void add_to_log(const CellSpec& cell, const std::string& text) {
  try {
    base::append_line(cell.folder / "run.log", records::utc_iso8601(std::chrono::system_clock::now()) + ' ' + text);
  } catch (const base::Error&) {  // the run goes on without its log
  }
}

// Why nothing vouches for what the folder holds; empty = it is sealed.
std::string seal(const CellSpec& cell) {
  try {
    writers::seal_run(cell.folder);
    return {};
  } catch (const base::Error& e) {
    return e.what();
  }
}

template <class... Args>
void tell(const CellSpec& cell, fmt::format_string<Args...> format, Args&&... args) {
  if (!cell.quiet) fmt::print(stderr, "sage-host: {}\n", fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

const char* outcome_text(base::Exit exit) {
  switch (exit) {
    case base::Exit::ok:
      return "ok";
    case base::Exit::invalid:
      return "INVALID";
    case base::Exit::interrupted:
      return "interrupted";
    default:
      return "failed";
  }
}

base::Exit worse(base::Exit a, base::Exit b) {
  constexpr std::array worst_first = {base::Exit::interrupted, base::Exit::failed,      base::Exit::invalid,
                                      base::Exit::gate,        base::Exit::unavailable, base::Exit::usage};
  for (const auto exit : worst_first)
    if (a == exit || b == exit) return exit;
  return base::Exit::ok;
}

CellReport run_one(CellSpec cell, const CellPlace& place, StopSignals& stop) {
  cell.run_id = !place.run_id.empty()
                    ? place.run_id
                    : records::make_run_id(cell.workload, cell.backend, std::chrono::system_clock::now(),
                                           cell.config_hash, place.repetition);
  RunFolder folder(place.root, place.folder.empty() ? cell.run_id : place.folder);
  if (place.folder.empty()) cell.run_id = folder.run_id();  // two of one second are told apart
  const ScratchDir scratch;
  cell.folder = folder.path();
  cell.scratch_dir = scratch.path();
  add_to_log(cell, fmt::format("started: {}", fmt::join(cell.command_line, " ")));

  auto end = supervise(cell, stop);
  if (end.kind == CellEnd::Kind::finished) {
    add_to_log(cell, fmt::format("finished: {}", outcome_text(end.exit)));
    if (auto reason = seal(cell); !reason.empty()) {  // it is no result then
      end.kind = CellEnd::Kind::refused;
      end.exit = base::Exit::failed;
      end.reason = std::move(reason);
    }
  }
  if (end.kind == CellEnd::Kind::finished) {
    if (end.exit == base::Exit::ok) return {cell.run_id, end.exit, outcome_text(end.exit), cell.folder};
    tell(cell, "{} on {}: {}: {}; the result is in {}", cell.workload, cell.backend, outcome_text(end.exit), end.reason,
         folder.path().string());
    return {cell.run_id, end.exit, fmt::format("{}: {}", outcome_text(end.exit), end.reason), cell.folder};
  }
  // A configuration that a plugin refuses, or a backend that is not installed, is no result.
  const bool recorded = end.kind != CellEnd::Kind::refused || end.exit == base::Exit::failed;
  if (!recorded) {
    folder.discard();
    tell(cell, "{}", end.reason);
    return {cell.workload, end.exit, end.reason};
  }
  const bool kept = record_failure(cell, end);
  add_to_log(cell, fmt::format("failed: {}; {} requests offered, {} done", end.reason, end.offered, end.done));
  if (kept) seal(cell);  // what cannot be sealed is recorded all the same
  tell(cell, "{} on {}: {}; {} {}", cell.workload, cell.backend, end.reason,
       kept ? "recorded in" : "that could not be recorded either; what was written until then is in",
       folder.path().string());
  return {cell.run_id, end.exit, end.reason, kept ? cell.folder : std::filesystem::path(), end.signal, end.place};
}

}  // namespace host::cell

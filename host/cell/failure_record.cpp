#include "cell/failure_record.hpp"

#include <fstream>

#include "cell/process.hpp"
#include "load/load.hpp"
#include "writers/repro_writer.hpp"
#include "writers/unified_results.hpp"

namespace host::cell {
namespace {

using Json = nlohmann::ordered_json;

// The stream holds whole lines up to the last flush; readers wait for a summary to know that it has ended.
void end_stream(const CellSpec& cell, const CellEnd& end) {
  const auto file = cell.folder / "records.jsonl";
  if (!std::filesystem::exists(file)) return;
  const Json summary = {{"type", "summary"},
                        {"run_id", cell.run_id},
                        {"status", records::to_string(records::RunStatus::failed)},
                        {"reasons", Json::array({end.reason})},
                        {"offered", end.offered},
                        {"done", end.done}};
  std::ofstream(file, std::ios::app) << summary.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace

bool record_failure(const CellSpec& cell, const CellEnd& end) {
  try {
    auto record = writers::failed_record(run_info(cell), {end.reason, end.signal, end.place});
    record["metadata"]["offered"] = end.offered;
    record["metadata"]["done"] = end.done;
    writers::write_unified_results(cell.folder, std::span(&record, 1));
    end_stream(cell, end);
    const auto load = load::load_config(cell.load, cell.seed);
    writers::write_repro_manifest(cell.folder, run_info(cell),
                                  {.requests = load.total_requests + load.warmup_items,  // as planned
                                   .warmup = load.warmup_items,
                                   .parity_batch_size = cell.parity_batch_size,
                                   .command_line = cell.command_line,
                                   .options = recorded_options(cell),
                                   .files = {}});
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace host::cell

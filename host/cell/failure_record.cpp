#include "cell/failure_record.hpp"

#include <algorithm>
#include <array>

#include "base/input_file.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/output_file.hpp"
#include "cell/process.hpp"
#include "load/load.hpp"
#include "writers/checkpoint.hpp"
#include "writers/repro_writer.hpp"
#include "writers/unified_results.hpp"

namespace host::cell {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// Of the file's first line; null if there is none.
Json record_in(const fs::path& file) {
  auto in = base::open_input(file);
  std::string line;
  if (!std::getline(in, line)) return nullptr;
  auto record = base::parse_json<Json>(line);
  return record.is_object() && record.contains("metadata") && record["metadata"].is_object() ? record : Json();
}

// What the cell itself recorded of its run before it ended: its result, or what it had come to.
Json record_so_far(const fs::path& folder) {
  auto result = record_in(folder / "unified_results.jsonl");
  return result.is_null() ? record_in(folder / writers::CheckpointWriter::file_name) : result;
}

Json failed(Json record, const CellEnd& end) {
  auto& metadata = record["metadata"];
  auto reasons = Json::array({end.reason});
  for (const auto& reason : metadata.value("reasons", Json::array()))
    if (reason != end.reason) reasons.push_back(reason);
  metadata["status"] = records::to_string(records::RunStatus::failed);
  metadata["reason"] = end.reason;
  metadata["reasons"] = std::move(reasons);
  metadata["exit_code"] = static_cast<int>(base::Exit::failed);
  metadata["signal"] = base::or_null(end.signal);
  metadata["place"] = base::or_null(end.place);
  metadata["offered"] = end.offered;
  metadata["done"] = end.done;
  return record;
}

// The summary that the record makes: what both hold is the same.
Json summary_of(const Json& record) {
  constexpr std::array elsewhere = {"scheduler", "quick",          "clock",       "classes", "tenants",
                                    "config",    "backend_config", "environment", "pair",    "experiment"};
  Json summary = {{"type", "summary"}, {"run_id", record["run_id"]}, {"phase_names", Json::array()}};
  for (const auto& phase : record["metadata"].value("phases", Json::array()))
    if (phase.is_object() && phase.contains("phase")) summary["phase_names"].push_back(phase["phase"]);
  for (const auto& [key, value] : record["metadata"].items())
    if (std::ranges::find(elsewhere, key) == elsewhere.end()) summary[key] = value;
  return summary;
}

// Where the stream's whole lines end, a summary not counted: there is one in the end, whichever came first.
uintmax_t end_of_lines(const fs::path& file) {
  constexpr std::streamoff longest = 64 << 20;
  auto in = base::open_input(file);
  in.seekg(0, std::ios::end);
  const std::streamoff size = in.tellg();
  const auto begin = std::max<std::streamoff>(0, size - longest);
  std::string tail(static_cast<size_t>(size - begin), '\0');
  in.seekg(begin);
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  tail.resize(tail.rfind('\n') + 1);  // npos + 1 is 0
  if (tail.size() > 1) {
    const auto last = tail.rfind('\n', tail.size() - 2) + 1;
    const auto line = base::parse_json<Json>(std::string_view(tail).substr(last));
    if (line.is_object() && line.value("type", "") == "summary") tail.resize(last);
  }
  return static_cast<uintmax_t>(begin) + tail.size();
}

template <class Body>
bool done(Body&& body) {
  try {
    body();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

// The stream holds whole lines up to the last flush; readers wait for a summary to know that it has ended. An old one
// is cut off first and that of the record that stands written last: should we be killed meanwhile there is none, never
// one that says something else than the record.
bool record_failure(const CellSpec& cell, const CellEnd& end) {
  std::error_code ignored;
  fs::create_directories(cell.folder, ignored);  // it may have been removed
  const auto info = run_info(cell);
  auto known = record_so_far(cell.folder);
  fs::remove(cell.folder / writers::CheckpointWriter::file_name, ignored);  // and gives back its room
  base::remove_temporary(cell.folder);  // the cell may have been killed while it wrote one
  if (known.is_null()) known = writers::failed_record(info, {end.reason, end.signal, end.place});
  const auto record = failed(std::move(known), end);
  const auto stream = cell.folder / "records.jsonl";
  const bool cut = fs::exists(stream, ignored) && done([&] { fs::resize_file(stream, end_of_lines(stream)); });
  const bool kept = done([&] { writers::write_unified_results(cell.folder, std::span(&record, 1)); });
  // On a full disk the old record stands.
  const auto stands = record_in(cell.folder / "unified_results.jsonl");
  if (cut) done([&] { base::append_line(stream, text_of(summary_of(stands.is_null() ? record : stands))); });
  done([&] {
    const auto load = load::load_config(cell.load, cell.seed);
    writers::write_repro_manifest(cell.folder, info,
                                  {.requests = load.total_requests + load.warmup_items,  // as planned
                                   .warmup = load.warmup_items,
                                   .parity_batch_size = cell.parity_batch_size,
                                   .command_line = cell.command_line,
                                   .options = recorded_options(cell),
                                   .files = {}});
  });
  return kept;
}

}  // namespace host::cell

#include "experiment/state.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "catalog/trusted_file.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr auto file_name = "state.json";
constexpr int schema_version = 1;
constexpr size_t size_max = size_t{64} << 20;
constexpr size_t cells_max = 1'000'000;

Json cell_json(const Cell& cell) {
  Json out = {{"point", cell.point}, {"side", cell.side}, {"repetition", cell.repetition}, {"position", cell.position}};
  out.update(outcome_json(cell));
  out["files"] = cell.files;
  out["found"] = cell.found;
  return out;
}

Cell::State state_of(const std::string& name) {
  for (const auto state : {Cell::State::ok, Cell::State::invalid, Cell::State::failed})
    if (name == to_string(state)) return state;
  return Cell::State::pending;
}

}  // namespace

Json outcome_json(const Cell& cell) {
  const bool ended = cell.state != Cell::State::pending;
  return {{"state", to_string(cell.state)},
          {"exit_code", ended ? Json(static_cast<int>(cell.exit)) : Json(nullptr)},
          {"reason", base::or_null(cell.reason)},
          {"signal", base::or_null(cell.signal)},
          {"place", base::or_null(cell.place)},
          {"run_id", base::or_null(cell.run_id)},
          {"seconds", ended ? Json(cell.seconds) : Json(nullptr)}};
}

void write_state(const fs::path& folder, std::string_view type, const Json& plan, const std::vector<Cell>& cells) {
  Json out = {{"schema_version", schema_version},
              {"type", type},
              {"written_at", records::utc_iso8601(std::chrono::system_clock::now())},
              {"plan", plan},
              {"cells", Json::array()}};
  for (const auto& cell : cells) out["cells"].push_back(cell_json(cell));
  base::write_file(folder / file_name, out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

bool State::exists(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / file_name, error);
}

State::State(const fs::path& folder) : file_(folder / file_name) {
  json_ = base::parse_json(catalog::read_regular_file(file_, "state of an experiment", size_max));
  type_ = base::text(json_, "type");
  if (type_.empty() || !json_.value("/plan"_json_pointer, nlohmann::json()).is_object())
    bad("is not the state of an experiment");
  if (json_.value("/schema_version"_json_pointer, 0) != schema_version)
    bad("was written by another version; use that one");
  for (const auto& json : list(json_, "cells", cells_max)) {
    Cell cell{.point = get<size_t>(json, "point"),
              .side = get<size_t>(json, "side"),
              .repetition = get<uint32_t>(json, "repetition"),
              .position = get<uint32_t>(json, "position"),
              .state = state_of(base::text(json, "state"))};
    if (cell.state == Cell::State::pending) continue;
    const auto exit = get<int>(json, "exit_code");
    if (exit < 0 || exit > 255) bad("'exit_code' is out of range");
    cell.exit = static_cast<base::Exit>(exit);
    cell.reason = base::text(json, "reason");
    cell.signal = base::text(json, "signal");
    cell.place = base::text(json, "place");
    cell.run_id = base::text(json, "run_id");
    cell.seconds = get<double>(json, "seconds");
    cell.files = json.value("files", nlohmann::json());
    cell.found = json.value("found", nlohmann::json());
    cells_.push_back(std::move(cell));
  }
}

const nlohmann::json& State::list(const nlohmann::json& json, const char* name, size_t most) const {
  const auto it = json.find(name);
  if (it == json.end() || !it->is_array() || it->size() > most) bad(fmt::format("'{}' is no list", name));
  for (const auto& each : *it)
    if (!each.is_object() && !each.is_array()) bad(fmt::format("'{}' has an element of the wrong type", name));
  return *it;
}

void State::bad(const std::string& what) const {
  throw base::usage_error(fmt::format("{}: {}; start anew without --resume", file_.string(), what));
}

void State::check_environment(const std::string& backend, const nlohmann::json& recorded,
                              const nlohmann::json& now) const {
  const auto same = [&](const std::string& what, const nlohmann::json& a, const nlohmann::json& b, const char* name) {
    const auto was = base::text(a, name);
    const auto is = base::text(b, name);
    if (was == is) return;
    throw base::usage_error(
        fmt::format("{}: {} was {} when the run began and is {} now; results of both would be mixed: put "
                    "the old one back, or start anew without --resume",
                    source(), what, was.empty() ? "not known" : base::one_line(was), is));
  };
  if (!recorded.is_object()) bad("'environment' is missing");
  const auto part = [](const nlohmann::json& json, const char* name) { return json.value(name, nlohmann::json()); };
  same("the host's version", recorded, now, "host_version");
  same("the host's git revision", part(recorded, "system"), part(now, "system"), "git_revision");
  same("the SHA-256 of the host", recorded, now, "host_sha256");
  same("the SHA-256 of the workload's library", part(recorded, "workload"), part(now, "workload"), "library_sha256");
  same(fmt::format("the SHA-256 of the library of {}", backend), part(recorded, "backend"), part(now, "backend"),
       "library_sha256");
}

}  // namespace host::experiment

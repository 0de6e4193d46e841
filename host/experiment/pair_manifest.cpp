// manifest.json of a paired run: what is to be done, what has been done, and what it takes to go on. It comes from a
// folder that anyone may have written to: nothing of it is used as a path, and every value is checked.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "catalog/trusted_file.hpp"
#include "cell/process.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/recorded_options.hpp"
#include "records/run_id.hpp"

namespace host::experiment {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t manifest_size_max = size_t{64} << 20;

Json cell_json(const PairRun& run, const Cell& cell) {
  const bool ended = cell.state != Cell::State::pending;
  return {{"workload", run.workloads[cell.point].id},
          {"backend", run.backends[cell.side]},
          {"block", cell.repetition},
          {"repetition", cell.repetition},
          {"position", cell.position},
          {"state", to_string(cell.state)},
          {"exit_code", ended ? Json(static_cast<int>(cell.exit)) : Json(nullptr)},
          {"reason", base::or_null(cell.reason)},
          {"signal", base::or_null(cell.signal)},
          {"place", base::or_null(cell.place)},
          {"run_id", base::or_null(cell.run_id)},
          {"seconds", ended ? Json(cell.seconds) : Json(nullptr)},
          {"folder", "cells/" + run.cell_name(cell)},
          {"files", cell.files.is_null() ? Json::object() : Json(cell.files)}};
}

std::vector<std::string> names_of(const PairRun& run, const std::vector<size_t>& order) {
  std::vector<std::string> out;
  for (const auto backend : order) out.push_back(run.backends[backend]);
  return out;
}

// What was written beside the cells, whose own files are in their entries.
Json beside_cells(const fs::path& folder) {
  auto files = Json::object();
  std::set<fs::path> found;
  for (const auto* part : {"backends", "comparison", "logs"}) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder / part, error))
      if (entry.is_regular_file()) found.insert(entry.path());
  }
  if (fs::exists(folder / "failure_report.json")) found.insert(folder / "failure_report.json");
  for (const auto& file : found) files[file.lexically_relative(folder).string()] = base::sha256_file(file);
  return files;
}

std::string status_of(const PairRun& run, size_t workload) {
  bool failed = false;
  for (const auto& cell : run.experiment.cells) {
    if (cell.point != workload) continue;
    if (cell.state == Cell::State::pending) return "incomplete";
    failed = failed || cell.state != Cell::State::ok;
  }
  const auto& parity = run.workloads[workload].parity;
  return failed || (parity.is_object() && parity.at("equal") == false) ? "failed" : "ok";
}

Json manifest_json(const PairRun& run, size_t w) {
  const auto& workload = run.workloads[w];
  const auto& first = run.plan_of(w, 0).spec;
  Json out = {{"schema_version", 1},
              {"type", "paired_run"},
              {"run_id", run.run_id},
              {"workload", workload.id},
              {"config_hash", workload.config_hash},
              {"status", status_of(run, w)},
              {"started_at", workload.started_at},
              {"written_at", records::utc_iso8601(std::chrono::system_clock::now())},
              {"command_line", run.command_line},
              {"config", first.config},
              {"repeat", run.repeat},
              {"seed", first.seed},
              {"cooldown_s", run.cooldown_s}};
  out["workloads"] = Json::array();
  for (const auto& each : run.workloads)
    out["workloads"].push_back({{"workload", each.id}, {"config_hash", each.config_hash}});
  out["backends"] = Json::array();
  for (size_t b = 0; b < run.backends.size(); ++b)
    out["backends"].push_back({{"backend", run.backends[b]},
                               {"options", recorded_options(run.plan_of(w, b).spec, run.plan_of(w, b).search)},
                               {"environment", workload.environment[run.backends[b]]}});
  out["order"] = Json::array();
  for (const auto& block : workload.order) out["order"].push_back(names_of(run, block));
  out["cells"] = Json::array();
  for (const auto& cell : run.experiment.cells)
    if (cell.point == w) out["cells"].push_back(cell_json(run, cell));
  out["compare"] = {{"baseline", run.comparison.baseline},
                    {"margin", run.comparison.margin},
                    {"gate", run.comparison.gate},
                    {"gate_lenient", run.comparison.gate_lenient}};
  out["parity"] = workload.parity;
  out["comparison"] = workload.comparison;
  out["files"] = beside_cells(run.folder(w));
  return out;
}

// A manifest as it was read, with messages that name it.
class Recorded {
 public:
  explicit Recorded(fs::path file) : file_(std::move(file)) {
    const auto text = catalog::read_regular_file(file_, "manifest of a paired run", manifest_size_max);
    json_ = nlohmann::json::parse(text, nullptr, false);
    if (!json_.is_object() || json_.value("/type"_json_pointer, "") != "paired_run")
      bad("is no manifest of a paired run");
    if (json_.value("/schema_version"_json_pointer, 0) != 1) bad("was written by another version; use that one");
  }

  template <class T>
  T get(const char* name) const {
    try {
      return json_.at(name).get<T>();
    } catch (const nlohmann::json::exception&) {
      bad(fmt::format("'{}' is missing or of the wrong type", name));
    }
  }
  const nlohmann::json& list(const char* name, size_t size_max) const {
    const auto it = json_.find(name);
    if (it == json_.end() || !it->is_array() || it->size() > size_max) bad(fmt::format("'{}' is no list", name));
    for (const auto& each : *it)
      if (!each.is_object() && !each.is_array()) bad(fmt::format("'{}' has an element of the wrong type", name));
    return *it;
  }
  const nlohmann::json& json() const { return json_; }
  std::string source() const { return file_.string(); }
  [[noreturn]] void bad(const std::string& what) const {
    throw base::usage_error(fmt::format("{}: {}; run the pair anew", file_.string(), what));
  }

 private:
  fs::path file_;
  nlohmann::json json_;
};

std::string text_at(const nlohmann::json& json, const char* name) {
  const auto it = json.is_object() ? json.find(name) : json.end();
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// Refuses when what is installed is not what the run began with.
void check_environment(const Recorded& manifest, const std::string& backend, const nlohmann::json& recorded,
                       const nlohmann::json& now) {
  const auto differs = [&](const std::string& what, const std::string& was, const std::string& is) {
    throw base::usage_error(
        fmt::format("{}: {} was {} when the run began and is {} now; results of both would be mixed: put "
                    "the old one back, or run the pair anew",
                    manifest.source(), what, was.empty() ? "not known" : base::one_line(was), is));
  };
  const auto same = [&](const std::string& what, const nlohmann::json& a, const nlohmann::json& b, const char* name) {
    if (text_at(a, name) != text_at(b, name)) differs(what, text_at(a, name), text_at(b, name));
  };
  if (!recorded.is_object()) manifest.bad("'environment' is missing");
  const auto part = [](const nlohmann::json& json, const char* name) { return json.value(name, nlohmann::json()); };
  same("the host's version", recorded, now, "host_version");
  same("the host's git revision", part(recorded, "system"), part(now, "system"), "git_revision");
  same("the SHA-256 of the workload's library", part(recorded, "workload"), part(now, "workload"), "library_sha256");
  same(fmt::format("the SHA-256 of the library of {}", backend), part(recorded, "backend"), part(now, "backend"),
       "library_sha256");
}

Orders read_order(const PairRun& run, const Recorded& manifest) {
  Orders out;
  for (const auto& block : manifest.list("order", 100'000)) {
    std::vector<size_t> order;
    for (const auto& name : block) {
      const auto it = std::ranges::find(run.backends, name.is_string() ? name.get<std::string>() : "");
      if (it == run.backends.end()) manifest.bad("'order' names a backend that takes no part");
      order.push_back(static_cast<size_t>(it - run.backends.begin()));
    }
    if (std::set(order.begin(), order.end()).size() != run.backends.size() || order.size() != run.backends.size())
      manifest.bad("a block of 'order' has not every backend once");
    out.push_back(std::move(order));
  }
  if (out.size() != run.repeat) manifest.bad("'order' has not as many blocks as there are repetitions");
  return out;
}

// A cell that ended well and lies there as it was left.
bool take_cell(PairRun& run, Cell& cell, const Recorded& manifest) {
  for (const auto& json : manifest.list("cells", 1'000'000)) {
    if (text_at(json, "backend") != run.backends[cell.side] ||
        json.value("repetition", nlohmann::json()) != cell.repetition)
      continue;
    if (text_at(json, "state") != "ok") return false;
    const auto folder = run.folder(cell.point) / "cells" / run.cell_name(cell);
    const auto files = json.value("files", nlohmann::json());
    const auto results = text_at(files, "unified_results.jsonl");
    std::error_code error;
    if (!fs::is_regular_file(folder / "unified_results.jsonl", error) ||
        base::sha256_file(folder / "unified_results.jsonl") != results)
      return false;
    cell.state = Cell::State::ok;
    cell.run_id = text_at(json, "run_id");
    const auto seconds = json.value("seconds", nlohmann::json());
    cell.seconds = seconds.is_number() ? seconds.get<double>() : 0;
    cell.files = files;
    return true;
  }
  return false;
}

// The plan as the manifests have it.
void plan_from(PairRun& run, const std::vector<Recorded>& manifests, const catalog::Catalog& catalog,
               const std::vector<std::string>& command_line) {
  const auto& first = manifests[0];
  run.repeat = first.get<uint32_t>("repeat");
  run.cooldown_s = first.get<double>("cooldown_s");
  if (run.repeat < 1 || run.repeat > 100'000 || !(run.cooldown_s >= 0 && run.cooldown_s <= 3600))
    first.bad("'repeat' or 'cooldown_s' is out of range");
  const auto how = first.get<nlohmann::json>("compare");
  run.comparison = {text_at(how, "baseline"), text_at(how, "margin"), text_at(how, "gate"),
                    how.is_object() && how.value("gate_lenient", nlohmann::json()) == true};
  for (const auto& manifest : manifests) {
    const auto id = catalog.find(catalog::PluginKind::workload, manifest.get<std::string>("workload")).id;
    run.workloads.push_back({.id = id});
    for (const auto& backend : manifest.list("backends", 1000)) {
      run.experiment.planned.push_back(plan_again(catalog, id, text_at(backend, "backend"),
                                                  backend.value("options", nlohmann::json()), command_line,
                                                  manifest.source()));
      if (run.workloads.size() == 1) run.backends.push_back(run.experiment.planned.back().spec.backend);
    }
    if (run.experiment.planned.size() != run.workloads.size() * run.backends.size())
      manifest.bad("'backends' are not those of the run's other workloads");
    run.workloads.back().config_hash = run.experiment.planned.back().spec.config_hash;
  }
}

void check_plan(PairRun& run, size_t w, const Recorded& manifest) {
  auto& workload = run.workloads[w];
  const auto refuse = [&](const std::string& what, const std::string& was, const std::string& is) {
    throw base::usage_error(
        fmt::format("--resume: {} of {} was {} in {} and is {} now; a run goes on as it began, or anew", what,
                    workload.id, base::one_line(was), manifest.source(), is));
  };
  if (manifest.get<std::string>("workload") != workload.id)
    refuse("the workload", manifest.get<std::string>("workload"), workload.id);
  if (manifest.get<std::string>("config_hash") != workload.config_hash) {
    const auto was = manifest.get<nlohmann::json>("config");
    const auto& now = run.plan_of(w, 0).spec.config;
    const auto changes = nlohmann::json::diff(was, now);
    refuse("the configuration", manifest.get<std::string>("config_hash"),
           changes.empty()
               ? workload.config_hash
               : fmt::format("{} (first difference: {})", workload.config_hash, changes[0].value("path", "")));
  }
  if (manifest.get<int64_t>("repeat") != run.repeat)
    refuse("--repeat", fmt::format("{}", manifest.get<int64_t>("repeat")), fmt::format("{}", run.repeat));
  const auto& backends = manifest.list("backends", 1000);
  for (size_t b = 0; b < std::max(backends.size(), run.backends.size()); ++b) {
    const auto name = b < backends.size() ? text_at(backends[b], "backend") : "";
    if (b >= run.backends.size() || name != run.backends[b])
      refuse("--backends", name, fmt::format("{}", fmt::join(run.backends, ",")));
    const auto& spec = run.plan_of(w, b).spec;
    const auto options = backends[b].value("options", nlohmann::json());
    if (options.value("backend", nlohmann::json()) != catalog::to_json(spec.backend_options))
      refuse("the options of " + name, options.value("backend", nlohmann::json()).dump(),
             catalog::to_json(spec.backend_options).dump());
    const auto now = cell::run_info(spec).environment;
    check_environment(manifest, name, backends[b].value("environment", nlohmann::json()), now);
    workload.environment[name] = now;
  }
  workload.started_at = text_at(manifest.json(), "started_at");
}

}  // namespace

void write_pair_manifests(const PairRun& run) {
  for (size_t w = 0; w < run.workloads.size(); ++w)
    base::write_file(run.folder(w) / "manifest.json",
                     manifest_json(run, w).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void take_up(PairRun& run, const catalog::Catalog& catalog, const std::vector<std::string>& command_line) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run.root))
    if (entry.path().filename().string().starts_with("config_hash=") && fs::exists(entry.path() / "manifest.json"))
      files.push_back(entry.path() / "manifest.json");
  if (files.empty())
    throw base::usage_error(
        fmt::format("--resume: {} holds no config_hash=*/manifest.json, so it is no paired run", run.root.string()));
  std::ranges::sort(files);
  std::vector<Recorded> manifests;
  // In the order in which the workloads were named.
  const Recorded any(files[0]);
  for (const auto& each : any.list("workloads", 1000)) {
    const auto hash = text_at(each, "config_hash");
    const auto file = run.root / fmt::format("config_hash={}", base::short_hash(hash)) / "manifest.json";
    if (std::ranges::find(files, file) == files.end())
      throw base::usage_error(fmt::format("--resume: {} is missing; run the pair anew", base::one_line(file.string())));
    manifests.emplace_back(file);
  }
  if (manifests.empty()) any.bad("'workloads' is empty");
  if (run.experiment.planned.empty()) plan_from(run, manifests, catalog, command_line);
  if (manifests.size() != run.workloads.size())
    throw base::usage_error(fmt::format("--resume: {} has {} workloads, the command line {}; a run goes on as it began",
                                        run.root.string(), manifests.size(), run.workloads.size()));
  run.run_id = manifests[0].get<std::string>("run_id");
  for (size_t w = 0; w < manifests.size(); ++w) {
    check_plan(run, w, manifests[w]);
    run.workloads[w].order = read_order(run, manifests[w]);
  }
  set_cells(run);
  for (auto& cell : run.experiment.cells) take_cell(run, cell, manifests[cell.point]);
}

}  // namespace host::experiment

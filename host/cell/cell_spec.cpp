#include "cell/cell_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/quote.hpp"
#include "catalog/catalog.hpp"
#include "load/load.hpp"
#include "machine/machine_files.hpp"

namespace host::cell {
namespace {

using Json = nlohmann::json;

// A trace is identified by what is in it, not by where it lies.
Json load_for_hash(const catalog::OptionValues& load) {
  auto json = catalog::to_json(load);
  const auto trace = json.value("trace", "");
  json.erase("trace");
  if (!trace.empty()) json["trace_sha256"] = base::sha256_file(trace);
  return json;
}

// Empty if it cannot be read, which whoever needs it says better; a pipe would be waited for.
std::string hash_of(const std::filesystem::path& file) {
  std::error_code error;
  try {
    return std::filesystem::is_regular_file(file, error) ? base::sha256_file(file) : std::string();
  } catch (const base::Error&) {
    return {};
  }
}

bool runs_in_virtual_time(const catalog::Manifest& backend, const catalog::OptionValues& options) {
  if (std::ranges::find(backend.capabilities, "virtual-time") == backend.capabilities.end()) return false;
  const auto clock = options.find("clock");
  return clock == options.end() || clock->second != catalog::OptionValue(std::string("real"));
}

catalog::OptionValues values_from_json(const Json& json) {
  catalog::OptionValues out;
  for (const auto& [name, value] : json.items()) {
    if (value.is_boolean())
      out[name] = value.get<bool>();
    else if (value.is_number_integer())
      out[name] = value.get<int64_t>();
    else if (value.is_number())
      out[name] = value.get<double>();
    else
      out[name] = value.get<std::string>();
  }
  return out;
}

}  // namespace

CellSpec make_cell(const Settings& settings, const catalog::Manifest& workload, const catalog::Manifest& backend,
                   const std::vector<std::string>& command_line) {
  catalog::check_pairing(workload, backend);
  catalog::check_scheduler(get<std::string>(settings.shared, "scheduler"), backend);
  catalog::check_nodes(static_cast<uint64_t>(get<int64_t>(settings.shared, "nodes")), backend);
  const auto& shared = settings.shared;
  CellSpec cell;
  cell.workload = workload.id;
  cell.backend = backend.id;
  cell.workload_manifest = workload.file;
  cell.backend_manifest = backend.file;
  cell.seed = static_cast<uint64_t>(get<int64_t>(shared, "seed"));
  cell.nodes = static_cast<uint32_t>(get<int64_t>(shared, "nodes"));
  cell.parallelism = static_cast<uint32_t>(get<int64_t>(shared, "parallelism"));
  cell.scheduler = get<std::string>(shared, "scheduler");
  cell.quick = get<bool>(shared, "quick");
  cell.verbose = get<bool>(shared, "verbose");
  cell.interval_s = get<double>(shared, "interval");
  const auto open_timeout_s = get<double>(shared, "open_timeout");
  cell.open_timeout_s = open_timeout_s > 0 ? open_timeout_s : backend.open_timeout_s;
  cell.max_duration_s = get<double>(shared, "max_duration");
  cell.request_log = get<std::string>(shared, "request_log");
  cell.request_sample = get<double>(shared, "request_sample");
  cell.parity_check = static_cast<uint64_t>(get<int64_t>(shared, "parity_check"));
  cell.parity_batch_size = static_cast<uint32_t>(get<int64_t>(shared, "parity_batch_size"));
  cell.load = values(settings.load);
  cell.workload_options = values(settings.workload);
  cell.backend_options = values(settings.backend);
  cell.virtual_time = runs_in_virtual_time(backend, cell.backend_options);
  cell.command_line = command_line;

  const auto load = load::load_config(cell.load, cell.seed);
  if (auto note = memory_note(load.max_in_flight, machine::memory_gb("/")); !note.empty())
    cell.warnings.push_back(std::move(note));
  if (!load.trace.empty()) {
    const auto check = load::check_trace(load.trace, load.trace_limit, load.trace_speed);
    if (!check.note.empty()) cell.warnings.push_back(fmt::format("{}: {}", load.trace.string(), check.note));
    cell.trace_s = check.span_s;
  }

  cell.config = {{"workload", cell.workload},
                 {"seed", cell.seed},
                 {"nodes", cell.nodes},
                 {"parallelism", cell.parallelism},
                 {"scheduler", cell.scheduler},
                 {"quick", cell.quick},
                 {"parity_batch_size", cell.parity_batch_size},
                 {"load", load_for_hash(cell.load)},
                 {"options", catalog::to_json(cell.workload_options)}};
  cell.config_hash = base::config_hash(cell.config);
  for (const auto& file : {workload.file, workload.library, backend.file, backend.library})
    cell.files[file.string()] = hash_of(file);
  if (!load.trace.empty()) cell.files[load.trace.string()] = cell.config["load"]["trace_sha256"].get<std::string>();
  return cell;
}

void check_files(const CellSpec& cell) {
  for (const auto& [file, planned] : cell.files)
    if (const auto now = hash_of(file); now != planned)
      throw base::usage_error(fmt::format(
          "{} was changed after this was planned (its SHA-256 was {} and is {}): results of both would be mixed; put "
          "the old one back and go on, or start anew",
          base::one_line(file), base::short_hash(planned), now.empty() ? "that of no file" : base::short_hash(now)));
}

std::string memory_note(uint64_t max_in_flight, std::optional<double> memory_gb) {
  constexpr double bytes_per_gb = 1024.0 * 1024 * 1024;
  constexpr double slot_bytes = 64;      // of the host, from the start
  constexpr double request_bytes = 600;  // about what a backend keeps of one that waits, in `threads` and `mock`
  const auto n = static_cast<double>(std::bit_ceil(max_in_flight));
  const auto gb = n * (slot_bytes + request_bytes) / bytes_per_gb;
  if (!memory_gb || gb < *memory_gb) return {};
  auto text = fmt::format(
      "--max-in-flight {}: so many requests in flight need about {:.2g} GB of memory, and there "
      "are {:.2g} GB; lower it",
      max_in_flight, gb, *memory_gb);
  if (n * slot_bytes / bytes_per_gb >= *memory_gb) throw base::usage_error(text);
  return text;
}

double longest_s(const CellSpec& cell) {
  constexpr double plans = 3, least_s = 60, least_virtual_s = 3600, most_s = 1e9;
  if (cell.max_duration_s > 0) return cell.max_duration_s;
  const auto load = load::load_config(cell.load, cell.seed);
  return std::clamp(plans * load::planned_s(load, cell.trace_s) + load.timeout_s,
                    cell.virtual_time ? least_virtual_s : least_s, most_s);
}

Json workload_config(const CellSpec& cell, const catalog::Manifest& backend) {
  auto json = plugin_config(cell, cell.workload_options);
  json["capabilities"] = backend.capabilities;
  json["load"] = catalog::to_json(cell.load);
  return json;
}

Json backend_config(const CellSpec& cell) {
  auto json = plugin_config(cell, cell.backend_options);
  json["open_timeout_s"] = cell.open_timeout_s;
  return json;
}

Json plugin_config(const CellSpec& cell, const catalog::OptionValues& options) {
  auto json = catalog::to_json(options);
  json.update({{"seed", cell.seed},
               {"nodes", cell.nodes},
               {"parallelism", cell.parallelism},
               {"scheduler", cell.scheduler},
               {"quick", cell.quick}});
  return json;
}

Json recorded_options(const CellSpec& cell) {
  auto load = catalog::to_json(cell.load);
  if (const auto trace = load.value("trace", ""); !trace.empty())
    load["trace"] = std::filesystem::absolute(trace).lexically_normal().string();
  return {{"run",
           {{"seed", cell.seed},
            {"nodes", cell.nodes},
            {"parallelism", cell.parallelism},
            {"scheduler", cell.scheduler},
            {"quick", cell.quick},
            {"parity_batch_size", cell.parity_batch_size},
            {"parity_check", cell.parity_check},
            {"interval", cell.interval_s},
            {"open_timeout", cell.open_timeout_s},
            {"max_duration", cell.max_duration_s},
            {"request_log", cell.request_log},
            {"request_sample", cell.request_sample}}},
          {"load", std::move(load)},
          {"workload", catalog::to_json(cell.workload_options)},
          {"backend", catalog::to_json(cell.backend_options)}};
}

Json to_json(const CellSpec& cell) {
  return {{"workload", cell.workload},
          {"backend", cell.backend},
          {"workload_manifest", cell.workload_manifest.string()},
          {"backend_manifest", cell.backend_manifest.string()},
          {"seed", cell.seed},
          {"nodes", cell.nodes},
          {"parallelism", cell.parallelism},
          {"scheduler", cell.scheduler},
          {"quick", cell.quick},
          {"verbose", cell.verbose},
          {"quiet", cell.quiet},
          {"virtual_time", cell.virtual_time},
          {"interval_s", cell.interval_s},
          {"open_timeout_s", cell.open_timeout_s},
          {"max_duration_s", cell.max_duration_s},
          {"trace_s", cell.trace_s},
          {"request_log", cell.request_log},
          {"request_sample", cell.request_sample},
          {"parity_batch_size", cell.parity_batch_size},
          {"parity_check", cell.parity_check},
          {"load", catalog::to_json(cell.load)},
          {"workload_options", catalog::to_json(cell.workload_options)},
          {"backend_options", catalog::to_json(cell.backend_options)},
          {"config", cell.config},
          {"config_hash", cell.config_hash},
          {"files", cell.files},
          {"command_line", cell.command_line},
          {"pair", cell.pair},
          {"experiment", cell.experiment},
          {"run_id", cell.run_id},
          {"folder", cell.folder.string()},
          {"scratch_dir", cell.scratch_dir.string()}};
}

CellSpec cell_from_json(const Json& json) {
  CellSpec cell;
  json.at("workload").get_to(cell.workload);
  json.at("backend").get_to(cell.backend);
  cell.workload_manifest = json.at("workload_manifest").get<std::string>();
  cell.backend_manifest = json.at("backend_manifest").get<std::string>();
  json.at("seed").get_to(cell.seed);
  json.at("nodes").get_to(cell.nodes);
  json.at("parallelism").get_to(cell.parallelism);
  json.at("scheduler").get_to(cell.scheduler);
  json.at("quick").get_to(cell.quick);
  json.at("verbose").get_to(cell.verbose);
  json.at("quiet").get_to(cell.quiet);
  json.at("virtual_time").get_to(cell.virtual_time);
  json.at("interval_s").get_to(cell.interval_s);
  json.at("open_timeout_s").get_to(cell.open_timeout_s);
  json.at("max_duration_s").get_to(cell.max_duration_s);
  json.at("trace_s").get_to(cell.trace_s);
  json.at("request_log").get_to(cell.request_log);
  json.at("request_sample").get_to(cell.request_sample);
  json.at("parity_check").get_to(cell.parity_check);
  json.at("parity_batch_size").get_to(cell.parity_batch_size);
  cell.load = values_from_json(json.at("load"));
  cell.workload_options = values_from_json(json.at("workload_options"));
  cell.backend_options = values_from_json(json.at("backend_options"));
  cell.config = json.at("config");
  json.at("config_hash").get_to(cell.config_hash);
  json.at("files").get_to(cell.files);
  json.at("command_line").get_to(cell.command_line);
  cell.pair = json.at("pair");
  cell.experiment = json.at("experiment");
  json.at("run_id").get_to(cell.run_id);
  cell.folder = json.at("folder").get<std::string>();
  cell.scratch_dir = json.at("scratch_dir").get<std::string>();
  return cell;
}

}  // namespace host::cell

// `rerun`: the run that a repro_manifest.json describes, once more, and whether it came out the same.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "base/table_text.hpp"
#include "cell/settings.hpp"
#include "cli/run_arguments.hpp"
#include "experiment/pair_run.hpp"
#include "experiment/recorded_options.hpp"
#include "experiment/run.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& rerun_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = cell::run_option("output_dir"), .placeholder = "DIR"},
      {.spec = cell::run_option("repeat")},
      {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"},
      {.spec = catalog::toggle("trust_record",
                               "also take from the record which programs and clusters run, such as sage.python")},
  };
  return flags;
}

namespace {

using base::field;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uintmax_t manifest_max = 256U << 20;

std::string text_at(const Json& json, std::initializer_list<std::string_view> path, const fs::path& file) {
  const auto& value = field(json, path);
  if (value.is_string()) return value.get<std::string>();
  throw base::usage_error(fmt::format("{}: no text in '{}'; give a repro_manifest.json that sage-host wrote",
                                      file.string(), *(path.end() - 1)));
}

fs::path manifest_file(const fs::path& given) {
  std::error_code error;
  auto file = fs::is_directory(given, error) ? given / "repro_manifest.json" : given;
  if (!fs::is_regular_file(file, error))
    throw base::usage_error(
        fmt::format("{}: there is no such file; give a repro_manifest.json, or the folder of a run", file.string()));
  return file;
}

Json read_manifest_json(const fs::path& file) {
  if (fs::file_size(file) > manifest_max)
    throw base::usage_error(fmt::format("{}: larger than any repro_manifest.json", file.string()));
  auto json = base::parse_json_file<Json>(file);
  if (!json.is_object() || field(json, {"schema_version"}) != 1)
    throw base::usage_error(fmt::format("{}: no repro_manifest.json of schema version 1", file.string()));
  return json;
}

experiment::PlannedCell plan(const Json& manifest, const fs::path& file, const catalog::Catalog& catalog,
                             const std::vector<std::string>& command_line, bool trust_record) {
  auto cell = experiment::plan_again(catalog, text_at(manifest, {"run_payload", "workload"}, file),
                                     text_at(manifest, {"run_payload", "backend"}, file), field(manifest, {"options"}),
                                     command_line, file.string(), trust_record);
  const auto recorded = text_at(manifest, {"config_hash"}, file);
  if (cell.spec.config_hash != recorded)
    throw base::Error(
        base::Exit::failed,
        fmt::format("{}: the configuration cannot be had again: its config_hash was {}, here it is {}; the "
                    "trace's content, the host or the workload's options differ",
                    file.string(), base::short_hash(recorded), base::short_hash(cell.spec.config_hash)));
  return cell;
}

// What a run is to have in common with its repetition.
class Check {
 public:
  explicit Check(std::string name) : name_(std::move(name)) {}

  void same(const char* what, const Json& before, const Json& now) {
    if (before.is_null() || now.is_null()) return;
    add(before == now ? "same" : "DIFFERS", what, before == now ? shown(now) : shown(before) + " -> " + shown(now));
    equal_ = equal_ && before == now;
  }
  void note(const char* what, const Json& before, const Json& now) {
    if (!before.is_null() && before != now) add("note", what, shown(before) + " -> " + shown(now));
  }
  [[nodiscard]] bool equal() const { return equal_; }
  [[nodiscard]] std::string text() const { return name_ + "\n" + base::format_table(table_); }

 private:
  static std::string shown(const Json& value) {
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    return base::one_line(text.size() > 100 ? text.substr(0, 97) + "..." : text);
  }
  void add(const char* state, const char* what, std::string detail) {
    table_.push_back({fmt::format("  {}", state), what, std::move(detail)});
  }
  std::string name_;
  base::Table table_;
  bool equal_ = true;
};

bool bounded_by_time(const cell::CellSpec& cell) { return std::get<double>(cell.load.at("duration")) > 0; }

Check check(const cell::CellSpec& cell, const Json& before, const Json& now, const std::string& run_id) {
  Check out(run_id);
  out.same("config_hash", field(before, {"config_hash"}), field(now, {"config_hash"}));
  out.same("status", field(before, {"metadata", "status"}), field(now, {"metadata", "status"}));
  out.same("verdict", field(before, {"metadata", "verdict"}), field(now, {"metadata", "verdict"}));
  if (!bounded_by_time(cell))
    out.same("requests offered", field(before, {"metadata", "ledger", "offered"}),
             field(now, {"metadata", "ledger", "offered"}));
  out.note("outcomes", field(before, {"metadata", "ledger", "outcomes"}),
           field(now, {"metadata", "ledger", "outcomes"}));
  // The digest is over the ok requests: of other requests it is another, and that says nothing.
  const auto& digested = field(before, {"metadata", "digested"});
  const bool ordered = field(before, {"metadata", "report", "order_dependent"}) != true;
  if (ordered && digested == field(now, {"metadata", "digested"}) && digested != 0)
    out.same("digest of results", field(before, {"metadata", "digest"}), field(now, {"metadata", "digest"}));
  const auto environment = [&](const char* what, std::initializer_list<std::string_view> path) {
    out.note(what, field(field(before, {"metadata", "environment"}), path),
             field(field(now, {"metadata", "environment"}), path));
  };
  environment("workload plugin", {"workload", "library_sha256"});
  environment("backend plugin", {"backend", "library_sha256"});
  environment("host version", {"host_version"});
  environment("CPU", {"system", "cpu_model"});
  return out;
}

std::string metrics_text(const Json& before, const std::vector<Json>& again) {
  base::Table table = {{"METRIC", "RECORDED", "NOW"}};
  for (const auto* name : {"throughput", "latency_p50", "latency_p95", "latency_p99", "success_rate"}) {
    const auto number = [&](const Json& record) {
      const auto& value = field(record, {name});
      return value.is_number() ? fmt::format("{:.4g}", value.get<double>()) : std::string("n/a");
    };
    std::string now;
    for (const auto& record : again) {
      const auto& a = field(before, {name});
      const auto& b = field(record, {name});
      now += (now.empty() ? "" : ", ") + number(record);
      if (a.is_number() && b.is_number() && a.get<double>() > 0)
        now += fmt::format(" (x {:.3f})", b.get<double>() / a.get<double>());
    }
    table.push_back({name, number(before), now});
  }
  return base::format_table(table) +
         "Single runs against a single run: these ratios decide nothing. 'sage-host pair' compares.\n";
}

}  // namespace

base::Exit rerun_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, rerun_flags(), command.name, 1);
  if (arguments.help) {
    fmt::print("{}", command_help(command, rerun_flags()));
    return base::Exit::ok;
  }
  if (arguments.positional.empty())
    throw base::usage_error("rerun: name a repro_manifest.json, or the folder of a run");
  const auto file = manifest_file(arguments.positional[0]);
  const auto manifest = read_manifest_json(file);
  const auto command_line = command_line_of(command, args);
  const auto planned = plan(manifest, file, catalog::open_catalog(arguments.text("plugin_path")), command_line,
                            arguments.on("trust_record"));
  const auto& repeat = cell::run_option("repeat");
  const auto repetitions = static_cast<uint32_t>(
      std::get<int64_t>(catalog::parse_option(repeat, arguments.text("repeat", "1"), "--repeat")));
  const auto before = experiment::read_records(file.parent_path());

  experiment::Experiment all{.planned = {planned}, .cells = experiment::cells_by_point(1, repetitions)};
  bool begun = true;
  bool equal = true;
  std::vector<Json> again;
  std::string text;
  experiment::Conduct conduct;
  conduct.next = [&](experiment::Experiment& of) { return begun ? experiment::next_pending(of) : nullptr; };
  conduct.place = [&](const experiment::Cell& cell, const cell::CellSpec&) -> cell::CellPlace {
    return {.root = arguments.text("output_dir", "results"),
            .repetition = repetitions == 1 ? std::nullopt : std::optional(cell.repetition)};
  };
  conduct.ended = [&](const experiment::Cell&, const cell::CellReport& report) {
    const auto now = report.folder.empty() ? std::vector<Json>() : experiment::read_records(report.folder);
    begun = !now.empty();
    for (size_t k = 0; k < std::min(before.size(), now.size()); ++k) {
      const auto checked = check(planned.spec, before[k], now[k], report.name);
      equal = equal && checked.equal();
      text += checked.text();
    }
    if (begun && !before.empty()) again.push_back(now[0]);
  };
  cell::StopSignals stop;
  experiment::run_cells(all, conduct, stop);
  if (stop.count() > 0) return base::Exit::interrupted;
  const auto exit = experiment::worst_exit(all);
  if (!begun) return exit;  // it could not begin, which has been told
  if (before.empty()) {
    fmt::print("\nThere is no unified_results.jsonl beside {}: run again, and compared with nothing.\n", file.string());
    return exit;
  }
  fmt::print("\n{}\n{}\n{}\n", text, metrics_text(before[0], again),
             equal ? "The same outcome as recorded." : "NOT the same outcome as recorded.");
  return equal ? base::Exit::ok : base::Exit::failed;
}

}  // namespace host::cli

#include "archive/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/input_file.hpp"
#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "records/repro_manifest.hpp"
#include "writers/request_log.hpp"
#include "writers/unified_results.hpp"

namespace host::archive {
namespace {

using base::field;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using State = VerifyFinding::State;

constexpr size_t records_max = 10'000;  // of a run there is one, of a search one for each number of nodes
constexpr size_t outcomes_max = 100;    // names

std::string shown(const Json& value) {
  const auto text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

class Verification {
 public:
  void add(bool good, std::string what, std::string detail) {
    findings.push_back({good ? State::ok : State::failed, std::move(what), std::move(detail)});
  }
  void same(const std::string& what, const Json& written, const Json& found) {
    add(written == found, what,
        written == found ? shown(found) : shown(written) + " is written, " + shown(found) + " found");
  }
  // {"name": "sha256"} against the files.
  void hashes(const fs::path& folder, const Json& files, const std::string& of) {
    if (!files.is_object()) return add(false, of, "no list of files with their SHA-256");
    for (const auto& [name, hash] : files.items()) {
      const fs::path relative(name);
      if (relative.is_absolute() || name.find("..") != std::string::npos) {
        add(false, of, "names a file outside its folder: " + shown(name));
        continue;
      }
      try {
        const auto now = base::sha256_file(folder / relative);
        add(hash == now, shown(name),
            hash == now ? "SHA-256 as written" : "CHANGED: its SHA-256 is not the one in " + of);
      } catch (const base::Error& e) {
        add(false, shown(name), e.what());
      }
    }
  }
  std::vector<VerifyFinding> findings;
};

Json parse_file(const fs::path& file) { return base::parse_json_file<Json>(file); }

// Calls `take` with each of its lines, however many; false after one that is no object.
template <class Take>
bool each_line(const fs::path& file, Verification& to, const Take& take) {
  auto in = base::open_input(file);
  std::string line;
  bool too_long = false;
  for (size_t number = 1; base::next_json_line(in, line, too_long); ++number) {
    if (!too_long && line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto json = too_long ? Json() : base::parse_json<Json>(line);
    if (!json.is_object()) {
      to.add(false, file.filename().string(), fmt::format("{}:{}: no JSON object", file.string(), number));
      return false;
    }
    take(std::move(json), number);
  }
  return true;
}

bool right_type(std::string_view column, const Json& value) {
  constexpr std::array texts = {"backend", "workload", "run_id", "timestamp", "config_hash", "backend_hash"};
  constexpr std::array counts = {"seed", "nodes", "parallelism"};
  if (std::ranges::find(texts, column) != texts.end()) return value.is_string();
  if (std::ranges::find(counts, column) != counts.end()) return value.is_number_integer();
  return value.is_number() || value.is_null();
}

void check_record(const Json& record, const std::string& where, Verification& to) {
  auto key = record.begin();
  for (const auto column : writers::unified_columns()) {
    if (key == record.end() || key.key() != column || !right_type(column, key.value()))
      return to.add(false, "schema",
                    fmt::format("{}: column '{}' is missing, misplaced or of the wrong type", where, column));
    ++key;
  }
  if (key == record.end() || key.key() != "metadata" || !key.value().is_object() || ++key != record.end())
    return to.add(false, "schema", where + ": 'metadata' must be the last column");
  to.add(true, "schema", "15 columns and metadata");
  to.same("backend_hash", record["backend_hash"], base::backend_hash(record["backend"].get<std::string>()));
  if (const auto& config = field(record, {"metadata", "config"});
      !config.is_null() && field(record, {"metadata", "search"}).is_null())
    to.same("config_hash", record["config_hash"], base::config_hash(nlohmann::json(config)));
}

void check_ledger(const Json& ledger, const std::string& where, Verification& to) {
  uint64_t sum = 0;
  for (const auto& [name, count] : field(ledger, {"outcomes"}).items())
    if (count.is_number_unsigned()) sum += count.get<uint64_t>();
  const bool balanced =
      field(ledger, {"offered"}) == sum && field(ledger, {"duplicate"}) == 0 && field(ledger, {"unexpected"}) == 0;
  to.add(balanced, "ledger",
         balanced ? fmt::format("{} offered, each with one outcome", sum)
                  : fmt::format("{}: {} offered, {} outcomes, {} duplicate, {} unexpected", where,
                                shown(field(ledger, {"offered"})), sum, shown(field(ledger, {"duplicate"})),
                                shown(field(ledger, {"unexpected"}))));
}

void check_results(const fs::path& folder, std::vector<Json>& records, Verification& to) {
  const auto file = folder / "unified_results.jsonl";
  if (records.empty())
    return to.add(false, "unified_results.jsonl",
                  fs::exists(file) ? "no record in " + file.string()
                                   : "is not there: it was removed, or the run was killed before its end");
  auto csv = writers::csv_header();
  const auto failures = to.findings.size();
  for (size_t i = 0; i < records.size(); ++i) {
    const auto where = fmt::format("{}:{}", file.string(), i + 1);
    check_record(records[i], where, to);
    if (to.findings.size() > failures && to.findings.back().what == "schema" &&
        to.findings.back().state == State::failed)
      return;
    csv += writers::csv_row(records[i]);
    if (const auto& ledger = field(records[i], {"metadata", "ledger"}); ledger.is_object())
      check_ledger(ledger, where, to);
  }
  auto in = base::open_input(folder / "unified_results.csv");
  const std::string written{std::istreambuf_iterator<char>(in), {}};
  to.add(written == csv, "unified_results.csv",
         written == csv ? "the same records"
                        : (folder / "unified_results.csv").string() + ": not the records of unified_results.jsonl");
}

void check_stream(const fs::path& folder, const std::vector<Json>& records, Verification& to) {
  const auto file = folder / "records.jsonl";
  if (!fs::exists(file)) return;
  uint64_t offered = 0;
  std::map<std::string, uint64_t> outcomes;
  std::string first;
  Json last;
  size_t lines = 0;
  double end_s = 0;
  const auto take = [&](Json line, size_t number) {
    if (first.empty()) first = base::text(line, "type");
    lines = number;
    if (field(line, "type") == "interval") {
      if (const auto& n = field(line, "offered"); n.is_number_unsigned()) offered += n.get<uint64_t>();
      end_s = base::number(line, "end_s").value_or(end_s);
      for (const auto& [name, count] : field(line, "outcomes").items())
        if (count.is_number_unsigned() && outcomes.size() < outcomes_max) outcomes[name] += count.get<uint64_t>();
    }
    last = std::move(line);
  };
  if (!each_line(file, to, take)) return;
  if (first == "run" && field(last, "type") != "summary")
    return to.add(false, "records.jsonl",
                  fmt::format("{}: ends without a summary: the run was killed, or the disk was full; its {} lines are "
                              "whole and go up to {} s",
                              file.string(), lines, end_s));
  if (first != "run" || field(last, "type") != "summary")
    return to.add(false, "records.jsonl", file.string() + ": does not go from a 'run' line to a 'summary' line");
  const auto& ledger = field(last, "ledger");
  if (!ledger.is_object()) return;  // of a run that died
  // One that died after its work was done has its result, but not the interval that was under way.
  const bool died = !field(last, "reason").is_null();
  if (!died) to.same("intervals: offered", field(ledger, {"offered"}), offered);
  for (const auto& [name, count] : field(ledger, {"outcomes"}).items())
    if (!died && count != outcomes[name]) to.same("intervals: " + name, count, outcomes[name]);
  if (records.size() != 1) return;
  for (const auto* part : {"status", "ledger", "digest", "metrics"})
    to.add(field(last, {part}) == field(records[0], {"metadata", part}), fmt::format("summary: {}", part),
           field(last, {part}) == field(records[0], {"metadata", part})
               ? "as in unified_results.jsonl"
               : fmt::format("{}:{}: differs from unified_results.jsonl", file.string(), lines));
}

void check_request_log(const fs::path& folder, Verification& to) {
  const auto file = folder / "requests.bin";
  if (!fs::exists(file)) return;
  try {
    uint64_t rows = 0;
    auto in = base::open_input(file);
    writers::RequestLogHeader header{};
    in.read(reinterpret_cast<char*>(&header), sizeof header);
    writers::read_request_log(file, [&](std::span<const records::RequestRow> block) { rows += block.size(); });
    to.same("requests.bin: rows", header.rows, rows);
  } catch (const base::Error& e) {
    to.add(false, "requests.bin", e.what());
  }
}

// What readers of a run's folder look for.
constexpr std::array<std::string_view, 9> files_of_a_run = {
    "frontier.csv", "frontier.json", "latency.hlog",        "probes.jsonl",         "records.jsonl",
    "requests.bin", "run.log",       "unified_results.csv", "unified_results.jsonl"};

// The manifest itself, and that there is no file that it does not name.
void check_seal(const fs::path& folder, const Json& manifest, Verification& to) {
  const bool same = field(manifest, {"sha256"}) == records::manifest_sha256(manifest);
  to.add(same, "repro_manifest.json",
         same ? "SHA-256 as written" : "CHANGED: its SHA-256 is not the one of its other members");
  std::error_code error;
  std::vector<std::string> strangers;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (!it->is_directory(error) && name != "repro_manifest.json" && field(manifest, {"files", name}).is_null())
      strangers.push_back(name);
  }
  if (error) to.add(false, "files", fmt::format("{}: {}", folder.string(), error.message()));
  std::ranges::sort(strangers);
  for (const auto& name : strangers) {
    if (std::ranges::find(files_of_a_run, name) == files_of_a_run.end()) {  // a page about it, somebody's notes
      to.findings.push_back({State::note, shown(name), "not of the run, and not checked"});
      continue;
    }
    to.add(false, shown(name),
           name == "run.log" ? "not in repro_manifest.json: the run was killed, or is not done"
                             : "not in repro_manifest.json: it was added later");
  }
}

}  // namespace

std::vector<VerifyFinding> verify_run(const fs::path& folder) {
  Verification out;
  const auto file = folder / "repro_manifest.json";
  const auto manifest = parse_file(file);
  if (!manifest.is_object()) {
    std::error_code error;
    out.add(false, "repro_manifest.json",
            fs::exists(file, error)
                ? file.string() + ": no JSON object"
                : "is not there: it was removed, or the run was killed before its end; nothing vouches for its files");
    // What is there is looked at all the same.
    if (fs::exists(folder / "records.jsonl", error))
      each_line(folder / "records.jsonl", out, [](const Json& /*line*/, size_t /*number*/) {});
    return std::move(out.findings);
  }
  const auto& files = field(manifest, {"files"});
  out.hashes(folder, files, "repro_manifest.json");
  check_seal(folder, manifest, out);
  const auto& config = field(manifest, {"run_payload", "effective_config"});
  out.same("repro_manifest.json: config_hash", field(manifest, {"config_hash"}),
           base::config_hash(nlohmann::json(config)));
  std::vector<Json> records;
  each_line(folder / "unified_results.jsonl", out, [&](Json line, size_t /*number*/) {
    if (records.size() < records_max) records.push_back(std::move(line));
  });
  check_results(folder, records, out);
  check_stream(folder, records, out);
  check_request_log(folder, out);
  return std::move(out.findings);
}

std::vector<VerifyFinding> verify_pair(const fs::path& folder) {
  Verification out;
  const auto manifest = parse_file(folder / "manifest.json");
  out.hashes(folder, field(manifest, {"files"}), "manifest.json");
  const auto& cells = field(manifest, {"cells"});
  for (const auto& cell : cells.is_array() ? cells : Json::array()) {
    const auto& name = field(cell, {"folder"});
    if (field(cell, {"state"}) == "pending" || !name.is_string()) continue;
    const auto text = name.get<std::string>();
    if (fs::path(text).is_absolute() || text.find("..") != std::string::npos)
      out.add(false, "manifest.json", "names a cell outside its folder: " + shown(name));
    else if (const auto& files = field(cell, {"files"}); files.is_object() && !files.empty())
      out.hashes(folder / text, files, "manifest.json");
  }
  return std::move(out.findings);
}

std::vector<VerifyFinding> verify_experiment(const fs::path& folder) {
  Verification out;
  const auto state = parse_file(folder / "state.json");
  const auto& text = field(state, {"plan", "text"});
  std::stringstream file;
  file << base::open_input(folder / "experiment.toml").rdbuf();
  const bool same = text.is_string() && text.get<std::string>() == file.str();
  out.add(same, "experiment.toml", same ? "as state.json has it" : "CHANGED: it is not the text in state.json");
  const auto& cells = field(state, {"cells"});
  for (const auto& cell : cells.is_array() ? cells : Json::array())
    if (field(cell, {"state"}) == "ok") out.hashes(folder, field(cell, {"files"}), "state.json");
  return std::move(out.findings);
}

}  // namespace host::archive

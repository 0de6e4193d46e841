#include "compare/results.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/json_fields.hpp"
#include "base/utf8.hpp"
#include "compare/result_file.hpp"

namespace host::compare {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view basename = "unified_results";

// Files of a folder in the order in which they are read: by path, .jsonl, which has more, before .csv.
class Walk {
 public:
  std::vector<fs::path> files(const fs::path& folder) {
    descend(folder);
    return std::move(found_);
  }
  // Runs that wrote no results, and folders that could not be looked into.
  std::vector<InputProblem> problems;

 private:
  void descend(const fs::path& folder) {
    std::error_code error;
    const auto real = fs::canonical(folder, error);
    if (error || !seen_.insert(real).second) return;  // a link that leads back
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end; it.increment(error))
      entries.push_back(it->path());
    if (error || ::access(folder.c_str(), R_OK | X_OK) != 0)
      problems.push_back({folder, 0, "cannot be read; what is in it is left out"});
    std::ranges::sort(entries);
    const auto found = found_.size();
    for (const auto* extension : {".jsonl", ".csv", ".jsonl.gz", ".csv.gz", ".jsonl.zst", ".csv.zst"}) {
      const auto file = folder / fmt::format("{}{}", basename, extension);
      if (fs::is_regular_file(file, error)) found_.push_back(file);
    }
    if (found_.size() == found && fs::exists(folder / "records.jsonl", error))
      problems.push_back({folder, 0, "a run without results: it was killed, or is not done; left out"});
    for (const auto& entry : entries)
      if (entry.filename() != "probes" && fs::is_directory(entry, error)) descend(entry);
  }

  std::set<fs::path> seen_;
  std::vector<fs::path> found_;
};

// What tells two records apart. The measures are among it: the Python package gives repetitions the same run_id.
std::string identity(const ResultRecord& record) {
  const auto number = [](const auto& value) { return value ? fmt::format("{}", *value) : "-"; };
  std::string out;
  for (const auto& text :
       {record.side, record.backend, record.workload, record.run_id, record.timestamp, record.config_hash})
    out += text + '\n';
  for (const auto& value : {record.seed, record.nodes, record.parallelism}) out += number(value) + '\n';
  for (const auto& value : {record.throughput, record.latency_p50, record.latency_p95, record.latency_p99,
                            record.success_rate, record.duration_seconds})
    out += number(value) + '\n';
  return out;
}

// How much a record knows besides its columns.
int richness(const ResultRecord& record) {
  const auto it = record.columns.find("metadata");
  if (it == record.columns.end() || !it->is_object()) return 0;
  return it->contains("pair") ? 2 : 1;
}

// A record that is found in a second file adds what it knows more.
void merge(ResultRecord& kept, ResultRecord&& again) {
  auto folder = kept.folder.empty() ? again.folder : kept.folder;
  if (richness(again) > richness(kept)) kept = std::move(again);
  kept.folder = std::move(folder);
}

fs::path artefacts_beside(const fs::path& file) {
  std::error_code error;
  const auto folder = file.parent_path();
  for (const auto* name : {"records.jsonl", "latency.hlog", "frontier.json"})
    if (fs::exists(folder / name, error)) return folder.empty() ? "." : folder;
  return {};
}

class Collection {
 public:
  void read(const fs::path& file, const std::string& input) {
    std::error_code error;
    const auto real = fs::canonical(file, error);
    if (!read_.emplace(real, input).second) return;
    auto found = read_result_file(file);
    std::ranges::move(found.problems, std::back_inserter(out_.problems));
    const auto folder = artefacts_beside(file);
    // What an earlier file had counts once. Records of the Python package, whose repetitions share a run id, may stand
    // in a file twice and mean two; ours have ids of their own.
    std::map<std::string, size_t> here;
    for (auto& record : found.records) {
      record.side = input.empty() ? record.backend : input;
      record.folder = folder;
      auto key = identity(record);
      const bool ours = record.metadata({"status"}).is_string();
      const auto nth = ours ? size_t{0} : here[key]++;
      if (ours && here[key]++ > 0)
        out_.problems.push_back(
            {file, record.line, fmt::format("run {} stands in the file before; counted once", record.run_id)});
      auto& known = known_[std::move(key)];
      if (nth < known.size()) {
        merge(out_.records[known[nth]], std::move(record));
        continue;
      }
      known.push_back(out_.records.size());
      out_.records.push_back(std::move(record));
    }
  }

  void tell(std::vector<InputProblem>&& problems) { std::ranges::move(problems, std::back_inserter(out_.problems)); }

  ResultSet finish() { return std::move(out_); }

 private:
  ResultSet out_;
  std::set<std::pair<fs::path, std::string>> read_;
  std::map<std::string, std::vector<size_t>> known_;  // by identity
};

// An input with several backends is several sides: they are never one.
void split_mixed_inputs(std::vector<ResultRecord>& records) {
  std::map<std::string, std::set<std::string>> backends;
  for (const auto& record : records) backends[record.side].insert(record.backend);
  for (auto& record : records)
    if (backends[record.side].size() > 1) record.side = fmt::format("{} ({})", record.side, record.backend);
}

std::string input_name(const fs::path& input) {
  auto name = input.lexically_normal().string();
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return base::shown_text(name);
}

}  // namespace

std::string ResultRecord::status() const {
  const auto& status = metadata({"status"});
  if (status.is_string()) return base::shown_text(status.get_ref<const std::string&>());
  return file.extension() == ".csv" && !base::field(columns, "metadata").is_object() ? "unjudged" : "ok";
}

const Json& ResultRecord::metadata(std::initializer_list<std::string_view> path) const {
  return base::field(base::field(columns, "metadata"), path);
}

std::vector<records::ScopedMetric> metrics_of(const ResultRecord& record) {
  const auto& total = record.metadata({"metrics", "total"});
  records::MetricList out;
  out.add("total", metrics::in_total, record.metadata({"search"}));
  for (const bool from_total : {false, true}) {
    if (from_total) out.add(record.metadata({"metrics"}));
    for (const auto& [name, value] : {std::pair{"throughput", record.throughput},
                                      {"success_rate", record.success_rate},
                                      {"latency_p50", record.latency_p50},
                                      {"latency_p95", record.latency_p95},
                                      {"latency_p99", record.latency_p99}})
      if ((value && !base::number(total, name)) != from_total)
        out.add("total", metrics::in_total, name, value, base::text(record.metadata({"reason"})));
  }
  return out.take();
}

ResultSet read_results(std::span<const fs::path> inputs, Sides sides) {
  if (inputs.empty()) throw base::usage_error("no results to read: name folders or files of them");
  Collection collection;
  for (const auto& input : inputs) {
    std::error_code error;
    const auto name = sides == Sides::by_input ? input_name(input) : std::string();
    if (fs::is_directory(input, error)) {
      Walk walk;
      for (const auto& file : walk.files(input)) collection.read(file, name);
      collection.tell(std::move(walk.problems));
    } else if (fs::is_regular_file(input, error)) {
      collection.read(input, name);
    } else {
      throw base::usage_error(fmt::format("{}: {}; name a folder of results, or a file of them", input.string(),
                                          fs::exists(input, error) ? "neither a folder nor a file" : "does not exist"));
    }
  }
  auto out = collection.finish();
  if (out.records.empty()) {
    std::string names;
    for (const auto& input : inputs) names += (names.empty() ? "" : ", ") + input.string();
    std::string first;
    if (!out.problems.empty()) {
      const auto& problem = out.problems[0];
      first = fmt::format(" ({}{}: {})", problem.file.string(),
                          problem.line == 0 ? "" : fmt::format(":{}", problem.line), problem.text);
    }
    throw base::usage_error(fmt::format("no records in {}{}; results are in files called {}.jsonl or {}.csv", names,
                                        first, basename, basename));
  }
  if (sides == Sides::by_input) split_mixed_inputs(out.records);
  return out;
}

}  // namespace host::compare

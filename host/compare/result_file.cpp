#include "compare/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>

#include "base/json_fields.hpp"
#include "base/json_text.hpp"
#include "base/utf8.hpp"
#include "metrics/definitions.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

// A number, also one written as a string, as CSV has them.
std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool absent(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

std::string name_of(const Json& columns, const char* column) { return base::text(columns, column); }

// The numbers of a line, of its columns; what cannot be read is told.
class Columns {
 public:
  Columns(const Json& columns, std::function<void(const std::string&)> problem)
      : columns_(columns), problem_(std::move(problem)) {}

  [[nodiscard]] std::optional<double> number(const char* column) const {
    const auto it = columns_.find(column);
    if (it == columns_.end() || absent(*it)) return std::nullopt;
    const auto value = number_of(*it);
    if (value && std::isfinite(*value)) return value;
    problem_(fmt::format("{} is no finite number; read as not measured", column));
    return std::nullopt;
  }
  // Of a metric.
  [[nodiscard]] std::optional<double> measure(const char* column) const {
    const auto value = number(column);
    if (!value) return std::nullopt;
    const auto why = metrics::impossible(*metrics::find_metric(column), *value);
    if (why.empty()) return value;
    problem_(fmt::format("{} {}; read as not measured", column, why));
    return std::nullopt;
  }
  [[nodiscard]] std::optional<double> duration(const char* column) const {
    const auto value = number(column);
    if (!value || *value >= 0) return value;
    problem_(fmt::format("{} {:.6g} is less than 0; read as not measured", column, *value));
    return std::nullopt;
  }
  [[nodiscard]] std::optional<int64_t> whole(const char* column) const {
    const auto value = number(column);
    if (!value) return std::nullopt;
    const auto& as_read = *columns_.find(column);
    if (as_read.is_number_integer() && *value < 9.2e18) return as_read.get<int64_t>();
    if (std::abs(*value) < 9e15 && *value == std::floor(*value)) return static_cast<int64_t>(*value);
    if (as_read.is_string()) {  // beyond what a double tells exactly
      int64_t exact = 0;
      const auto& text = as_read.get_ref<const std::string&>();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
      if (error == std::errc() && end == text.data() + text.size()) return exact;
    }
    problem_(fmt::format("{} is no whole number; left out", column));
    return std::nullopt;
  }

 private:
  const Json& columns_;
  std::function<void(const std::string&)> problem_;
};

bool percentiles_decrease(const ResultRecord& record) {
  std::vector<double> known;
  for (const auto* value : {&record.latency_p50, &record.latency_p95, &record.latency_p99})
    if (*value) known.push_back(**value);
  return !std::ranges::is_sorted(known);
}

}  // namespace

void FileReader::problem(size_t line, const std::string& text) {
  if (++problems_ <= most_problems) out_.problems.push_back({file_, line, base::shown_text(text)});
}

FileResults FileReader::finish() {
  if (problems_ > most_problems)
    out_.problems.push_back({file_, 0, fmt::format("{} more problems like these", problems_ - most_problems)});
  return std::move(out_);
}

void FileReader::add(Json columns, size_t line) {
  base::make_printable(columns);
  ResultRecord record;
  record.backend = name_of(columns, "backend");
  record.workload = name_of(columns, "workload");
  for (const auto& [name, value] : {std::pair{"backend", &record.backend}, {"workload", &record.workload}}) {
    if (!value->empty()) continue;
    problem(line, fmt::format("no record: it names no {}", name));
    return;
  }
  record.run_id = name_of(columns, "run_id");
  record.timestamp = name_of(columns, "timestamp");
  record.config_hash = name_of(columns, "config_hash");
  record.backend_hash = name_of(columns, "backend_hash");
  const Columns of(columns, [&](const std::string& text) { problem(line, text); });
  record.seed = of.whole("seed");
  record.nodes = of.whole("nodes");
  record.parallelism = of.whole("parallelism");
  record.throughput = of.measure("throughput");
  record.latency_p50 = of.measure("latency_p50");
  record.latency_p95 = of.measure("latency_p95");
  record.latency_p99 = of.measure("latency_p99");
  record.success_rate = of.measure("success_rate");
  record.duration_seconds = of.duration("duration_seconds");
  if (percentiles_decrease(record)) {
    problem(line, "latency percentiles decrease, which cannot be; read as not measured");
    record.latency_p50 = record.latency_p95 = record.latency_p99 = std::nullopt;
  }
  record.columns = std::move(columns);
  for (const auto& metric : metrics_of(record))
    if (!metric.value && metric.impossible)
      problem(line, fmt::format("{} of {} {}", metric.name, metric.scope, metric.reason));
  record.file = file_;
  record.line = line;
  out_.records.push_back(std::move(record));
}

FileResults read_result_file(const std::filesystem::path& file) {
  std::error_code error;
  std::ifstream in;
  // Devices and pipes may never end.
  if (std::filesystem::is_regular_file(file, error)) in.open(file, std::ios::binary);
  if (!in.is_open()) {
    FileReader reader(file);
    reader.problem(0, error ? error.message() : "cannot be read; check its permissions");
    return reader.finish();
  }
  if (file.extension() == ".gz" || file.extension() == ".zst") {
    FileReader reader(file);
    reader.problem(0, "left out: it is compressed; unpack it first");
    return reader.finish();
  }
  if (std::filesystem::file_size(file, error) > largest_file) {
    FileReader reader(file);
    reader.problem(0, fmt::format("left out: larger than {} MiB; split it", largest_file >> 20));
    return reader.finish();
  }
  return file.extension() == ".csv" ? read_csv(in, file) : read_jsonl(in, file);
}

}  // namespace host::compare

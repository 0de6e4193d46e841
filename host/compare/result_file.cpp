#include "compare/result_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <fstream>

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

}  // namespace

void FileReader::problem(size_t line, std::string text) {
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
  const auto number = [&](const char* column) -> std::optional<double> {
    const auto it = columns.find(column);
    if (it == columns.end() || absent(*it)) return std::nullopt;
    const auto value = number_of(*it);
    if (value && std::isfinite(*value)) return value;
    problem(line, fmt::format("{} is no finite number; read as not measured", column));
    return std::nullopt;
  };
  const auto measure = [&](const char* column) {
    auto value = number(column);
    const auto* definition = metrics::find_metric(column);
    if (!value || definition == nullptr) return value;
    if (const auto why = metrics::impossible(*definition, *value); !why.empty()) {
      problem(line, fmt::format("{} {}; read as not measured", column, why));
      value.reset();
    }
    return value;
  };
  const auto whole = [&](const char* column) -> std::optional<int64_t> {
    const auto value = number(column);
    if (!value) return std::nullopt;
    const auto& as_read = columns[column];
    if (as_read.is_number_integer() && *value < 9.2e18) return as_read.get<int64_t>();
    if (std::abs(*value) < 9e15 && *value == std::floor(*value)) return static_cast<int64_t>(*value);
    if (as_read.is_string()) {  // beyond what a double tells exactly
      int64_t exact = 0;
      const auto& text = as_read.get_ref<const std::string&>();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
      if (error == std::errc() && end == text.data() + text.size()) return exact;
    }
    problem(line, fmt::format("{} is no whole number; left out", column));
    return std::nullopt;
  };
  record.seed = whole("seed");
  record.nodes = whole("nodes");
  record.parallelism = whole("parallelism");
  record.throughput = measure("throughput");
  record.latency_p50 = measure("latency_p50");
  record.latency_p95 = measure("latency_p95");
  record.latency_p99 = measure("latency_p99");
  record.success_rate = measure("success_rate");
  record.duration_seconds = number("duration_seconds");
  if (record.duration_seconds.value_or(0) < 0) {
    problem(line,
            fmt::format("duration_seconds {:.6g} is less than 0; read as not measured", *record.duration_seconds));
    record.duration_seconds.reset();
  }
  const auto decreasing = [](const std::optional<double>& a, const std::optional<double>& b) {
    return a && b && *a > *b;
  };
  if (decreasing(record.latency_p50, record.latency_p95) || decreasing(record.latency_p95, record.latency_p99) ||
      decreasing(record.latency_p50, record.latency_p99)) {
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

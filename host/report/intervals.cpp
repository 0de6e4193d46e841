#include "report/intervals.hpp"
#include "base/json_fields.hpp"

#include <algorithm>
#include <string>

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

size_t lines_in(const Json& point) {
  const auto& merged = field(point, "merged");
  return merged.is_number_unsigned() ? merged.get<size_t>() : 1;
}

void sum(Json& into, const Json& from, std::string_view key) {
  const auto a = number(into, key);
  const auto b = number(from, key);
  if (a && b) into[std::string(key)] = *a + *b;
}

// Percentiles of two intervals cannot be merged from their values: the worse one is kept.
void worst(Json& into, const Json& from, std::string_view key) {
  const auto a = number(into, key);
  const auto b = number(from, key);
  if (b && (!a || *b > *a)) into[std::string(key)] = *b;
}

void merge_latencies(Json& into, const Json& from) {
  for (const auto* key : {"latency_p50", "latency_p95", "latency_p99", "latency_max"}) worst(into, from, key);
}

void merge_classes(Json& into, const Json& from) {
  for (const auto& of : list(from)) {
    const auto same = std::ranges::find_if(into, [&](const Json& c) { return text(c, "class") == text(of, "class"); });
    if (same == into.end()) continue;
    for (const auto* key : {"offered", "ok", "failed", "slo_met"}) sum(*same, of, key);
    merge_latencies(*same, of);
  }
}

void merge(Json& into, const Json& from) {
  into["merged"] = lines_in(into) + lines_in(from);
  for (const auto* key : {"end_s", "phase", "in_flight", "resident_bytes"})
    if (!field(from, key).is_null()) into[key] = from[key];
  for (const auto* key : {"offered", "blocked_s"}) sum(into, from, key);
  if (field(into, "outcomes").is_object())
    for (auto& [name, count] : into["outcomes"].items())
      if (const auto a = number(count), b = number(field(from, "outcomes"), name); a && b) count = *a + *b;
  merge_latencies(into, from);
  for (const auto* key : {"lateness_p99_us", "steal_share", "other_cpu_share"}) worst(into, from, key);
  if (const auto& noisy = field(from, "noisy"); noisy.is_boolean() && noisy.get<bool>()) into["noisy"] = true;
  if (field(into, "classes").is_array()) merge_classes(into["classes"], field(from, "classes"));
}

}  // namespace

void IntervalSeries::add(Json line) {
  if (!kept_.empty() && lines_in(kept_.back()) < lines_each_ &&
      field(kept_.back(), "warmup") == field(line, "warmup")) {
    merge(kept_.back(), line);
    return;
  }
  if (kept_.size() == most_) halve();
  kept_.push_back(std::move(line));
}

void IntervalSeries::halve() {
  lines_each_ *= 2;
  std::vector<Json> half;
  for (auto& point : kept_) {
    const bool joins = !half.empty() && lines_in(half.back()) + lines_in(point) <= lines_each_ &&
                       field(half.back(), "warmup") == field(point, "warmup");
    if (joins)
      merge(half.back(), point);
    else
      half.push_back(std::move(point));
  }
  kept_ = std::move(half);
}

}  // namespace host::report

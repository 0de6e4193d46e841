#include "experiment/outcome_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/number_text.hpp"

namespace host::experiment {
namespace {

constexpr size_t most_tried = 20;  // runs beside it that are read in search of a reference

std::optional<double> total(const compare::ResultRecord& run, std::string_view name) {
  return base::number(run.metadata({"metrics", "total"}), name);
}

// ": generator was late", the first reason of the record.
std::string why(const compare::ResultRecord& run) {
  const auto& reasons = run.metadata({"reasons"});
  return reasons.is_array() && !reasons.empty() ? ": " + base::text(reasons.front()) : std::string();
}

std::string requests_text(const compare::ResultRecord& run) {
  const auto offered = total(run, "offered").value_or(0);
  if (offered <= 0) return "no request was offered";
  const auto met = std::round(total(run, "slo_attainment").value_or(0) * offered);
  const auto ok = base::number(run.metadata({"metrics", "total", "outcomes"}), "ok").value_or(0);
  auto out = fmt::format("{:.0f} of {:.0f} requests met their objective", met, offered);
  if (ok < offered) out += fmt::format(", {:.0f} did not end ok", offered - ok);
  if (const auto wrong = total(run, "wrong").value_or(0); wrong > 0)
    out += fmt::format(", {:.0f} results were wrong", wrong);
  return out;
}

std::string times_text(double ratio) {
  return fmt::format("{} times", ratio < 10 ? fmt::format("{:.2g}", ratio) : fmt::format("{:.0f}", ratio));
}

bool same_load(const compare::ResultRecord& a, const compare::ResultRecord& b) {
  return a.workload == b.workload && a.config_hash == b.config_hash && a.seed == b.seed && a.backend != b.backend &&
         base::text(a.metadata({"clock"})) == base::text(b.metadata({"clock"}));
}

std::optional<compare::ResultRecord> read_run(const std::filesystem::path& folder) {
  try {
    const std::filesystem::path inputs[] = {folder};
    auto results = compare::read_results(inputs);
    if (!results.records.empty()) return std::move(results.records.front());
  } catch (const base::Error&) {  // nothing there that can be read
  }
  return std::nullopt;
}

// As "q1-sage-20261125T114930Z-0c5a3ee1f589-r2" does: it spares reading runs of other configurations.
bool names_config(const std::filesystem::path& folder, const std::string& config_hash) {
  return folder.filename().string().find(base::short_hash(config_hash)) != std::string::npos;
}

}  // namespace

std::string outcome_text(const compare::ResultRecord& run, const compare::ResultRecord* reference) {
  auto out = fmt::format("{} on {}: ", run.workload, run.backend);
  const auto status = run.status();
  if (status == "invalid") return out + "INVALID, so that its figures say nothing" + why(run);
  if (status != "ok") return out + status + why(run);
  out += requests_text(run);
  if (!run.latency_p50) return out;
  out += fmt::format("; p50 {} ms", base::ms_text(run.latency_p50));
  if (reference != nullptr && reference->latency_p50 && *reference->latency_p50 > 0)
    out += fmt::format(", {} that of {} (one run each: 'sage-host pair' judges)",
                       times_text(*run.latency_p50 / *reference->latency_p50), reference->backend);
  return out;
}

std::string outcome_text(const std::filesystem::path& folder) {
  const auto run = read_run(folder);
  if (!run) return {};
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> beside;
  std::error_code ignored;  // without its neighbours there is no reference
  for (const auto& entry : std::filesystem::directory_iterator(folder.parent_path(), ignored))
    if (entry.path() != folder && names_config(entry.path(), run->config_hash))
      beside.emplace_back(entry.last_write_time(ignored), entry.path());
  std::ranges::sort(beside, std::greater());
  beside.resize(std::min(beside.size(), most_tried));
  for (const auto& [written, path] : beside)
    if (const auto other = read_run(path); other && same_load(*run, *other) && other->status() == "ok")
      return outcome_text(*run, &*other);
  return outcome_text(*run, nullptr);
}

}  // namespace host::experiment

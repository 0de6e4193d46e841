// comparison.csv: a row for each metric of each candidate, as RFC 4180 has it.
#include <fmt/format.h>

#include <cmath>

#include "base/utf8.hpp"
#include "report/artefact_texts.hpp"

namespace host::report {
namespace {

// What a spreadsheet would compute is text for it behind an apostrophe.
std::string field(const std::string& raw) {
  auto text = base::shown_text(raw);
  if (text.find_first_of("=+-@") == 0) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : ""; }

}  // namespace

std::string comparison_csv(const compare::Comparison& comparison) {
  std::string out =
      "workload,config_hash,seed,nodes,parallelism,scope,metric,unit,baseline,candidate,n_baseline,n_candidate,paired,"
      "median_baseline,median_candidate,ratio,low,high,confidence,p_value,cliffs_delta,margin,verdict,reason,label\r\n";
  const auto whole = [](const std::optional<int64_t>& value) { return value ? fmt::format("{}", *value) : ""; };
  for (const auto& config : comparison.configs) {
    const auto begin = fmt::format("{},{},{},{},{},", field(config.workload), field(config.config_hash),
                                   whole(config.seed), whole(config.nodes), whole(config.parallelism));
    for (const auto& m : config.metrics) {
      out += begin;
      out += fmt::format("{},{},{},{},{},{},{},{},{},{},", field(m.metric.scope), field(m.metric.name),
                         field(m.metric.unit), field(m.baseline), field(m.candidate), m.baseline_values.size(),
                         m.candidate_values.size(), m.paired, number(compare::median(m.baseline_values)),
                         number(compare::median(m.candidate_values)));
      if (m.interval)
        out += fmt::format("{},{},{},", number(m.interval->ratio), number(m.interval->low), number(m.interval->high));
      else
        out += ",,,";
      out += fmt::format("{},{},{},{},{},{},{}\r\n", number(comparison.confidence),
                         m.ranks ? number(m.ranks->p_value) : "", m.delta ? number(*m.delta) : "",
                         number(comparison.margin), compare::to_string(m.verdict), field(m.reason), field(config.label));
    }
  }
  return out;
}

}  // namespace host::report

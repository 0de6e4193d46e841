// comparison.csv: a row for each metric of each candidate, as RFC 4180 has it.
#include <fmt/format.h>

#include "report/artefact_texts.hpp"
#include "report/csv.hpp"

namespace host::report {

std::string comparison_csv(const compare::Comparison& comparison) {
  std::string out =
      "workload,config_hash,seed,nodes,parallelism,scope,metric,unit,baseline,candidate,n_baseline,n_candidate,paired,"
      "median_baseline,median_candidate,ratio,low,high,confidence,p_value,cliffs_delta,margin,verdict,reason,label\r\n";
  const auto whole = [](const std::optional<int64_t>& value) { return value ? fmt::format("{}", *value) : ""; };
  for (const auto& config : comparison.configs) {
    const auto begin = fmt::format("{},{},{},{},{},", csv_field(config.workload), csv_field(config.config_hash),
                                   whole(config.seed), whole(config.nodes), whole(config.parallelism));
    for (const auto& m : config.metrics) {
      out += begin;
      out +=
          fmt::format("{},{},{},{},{},{},{},{},{},{},", csv_field(m.metric.scope), csv_field(m.metric.name),
                      csv_field(m.metric.unit), csv_field(m.baseline), csv_field(m.candidate), m.baseline_values.size(),
                      m.candidate_values.size(), m.paired, csv_number(compare::median(m.baseline_values)),
                      csv_number(compare::median(m.candidate_values)));
      if (m.interval)
        out += fmt::format("{},{},{},", csv_number(m.interval->ratio), csv_number(m.interval->low),
                           csv_number(m.interval->high));
      else
        out += ",,,";
      out += fmt::format("{},{},{},{},{},{},{}\r\n", csv_number(comparison.confidence),
                         m.ranks ? csv_number(m.ranks->p_value) : "", m.delta ? csv_number(*m.delta) : "",
                         csv_number(comparison.margin), compare::to_string(m.verdict), csv_field(m.reason),
                         csv_field(config.label));
    }
  }
  return out;
}

}  // namespace host::report

// The comparison as texts, before they are written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/gate.hpp"

namespace host::report {

std::string summary_md(const compare::Comparison& comparison, const compare::ResultSet& results);
std::string comparison_csv(const compare::Comparison& comparison);
nlohmann::ordered_json to_json(const compare::Comparison& comparison);

// Gnuplot scripts, data included, that draw `plot.png` in the current folder. Names are only ever quoted text in them.
std::string throughput_plot(const compare::Comparison& comparison);
std::string latency_plot(const compare::Comparison& comparison);

// "1.034 [0.98, 1.09]"; "n/a" without an interval.
std::string ratio_text(const compare::MetricResult* result);
// The metric of a candidate in total; null if it has none.
const compare::MetricResult* find_total(const compare::ComparedConfig& config, std::string_view candidate,
                                        std::string_view name);

// The values of a column over the usable repetitions of a side: "throughput".
std::vector<double> column_values(const compare::SideResults& side, std::string_view column);

}  // namespace host::report

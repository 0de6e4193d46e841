// The comparison as texts, before they are written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/gate.hpp"

namespace host {

std::string summary_md(const Comparison& comparison, const ResultSet& results);
std::string comparison_csv(const Comparison& comparison);
nlohmann::ordered_json to_json(const Comparison& comparison);

// Gnuplot scripts, data included, that draw `plot.png` in the current folder. Names are only ever quoted text in them.
std::string throughput_plot(const Comparison& comparison);
std::string latency_plot(const Comparison& comparison);

// "1.034 [0.98, 1.09]"; "n/a" without an interval.
std::string ratio_text(const MetricResult* result);
// The metric of a candidate in total; null if it has none.
const MetricResult* find_total(const ComparedConfig& config, std::string_view candidate, std::string_view name);

// The values of a column over the usable repetitions of a side: "throughput".
std::vector<double> column_values(const SideResults& side, std::string_view column);

}  // namespace host

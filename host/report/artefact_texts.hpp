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

}  // namespace host::report

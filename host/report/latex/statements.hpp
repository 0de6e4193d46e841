// What results say, and what they do not carry, in a sentence of LaTeX.
#pragma once

#include <string>
#include <vector>

#include "report/metric_rows.hpp"

namespace host::report {

using SidePointers = std::vector<const compare::SideResults*>;

struct Statement {
  std::string carries;  // "claim", or "none": it says why there is none
  std::string text;
};
// With the limits before it that it has to be read with.
std::string with_limits(const Statement& statement, const std::string& limits);

// What a statement about these sides of `config` must not be read without: simulated time, a driver at its limit,
// another host or machine on either side. Empty if there is nothing.
std::string limits_of(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                      const SidePointers& sides);
// Sentences about runs that were left out, and about those that count though something is to be said of them.
std::string remarks_on(const SidePointers& sides);

Statement state_comparison(const compare::MetricResult& result, const compare::Comparison& comparison);
// Of one side; `values` are those of `row` that are its.
Statement state_measure(const MetricRow& row, const SideValues& values, const std::string& side);

// "5 pairs", "5 each", "5 and 4" of candidate and baseline.
std::string count_text(const compare::MetricResult& result);
// Reasons, which are longer than names.
std::string long_text(std::string_view text);

}  // namespace host::report

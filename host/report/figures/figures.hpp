// The figures of an experiment, from the records that have metadata.experiment.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "report/figures/figure.hpp"

namespace host::report {

struct ExperimentFigures {
  std::string title;  // of the experiment
  std::vector<Figure> figures;
};

// For each experiment among the records, in their order. Reads the folders of runs with several tenants.
std::vector<ExperimentFigures> experiment_figures(const compare::Comparison& comparison);

// Configurations, of which an experiment has one a point, that reports go into in detail.
constexpr size_t most_detailed = 12;
size_t detailed_configs(const compare::Comparison& comparison);  // all, unless it is of an experiment

}  // namespace host::report

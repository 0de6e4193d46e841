// The parts of the page, in its order. Each returns HTML, empty where there is nothing to say.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"
#include "report/chart.hpp"
#include "report/metric_rows.hpp"

namespace host::report {

// What the parts share while the page is made.
struct Page {
  const compare::Comparison& comparison;
  const compare::ResultSet& results;
  std::map<std::string, size_t> colors;  // by side, in order of appearance
  nlohmann::ordered_json charts;         // specs by id, the page's data
};

std::string heading(std::string_view id, std::string_view title);            // h2
std::string config_id(size_t index);                                         // "c1": the section of a configuration
std::string config_title(const compare::ComparedConfig& config);             // "Q1, 4 nodes"; "Q1, rate = 20"
std::string verdict_mark(compare::Verdict verdict);                          // the word with a sign, coloured
std::string ratio_html(const compare::MetricResult* result, double margin);  // an interval as a picture and in figures
// Places for the charts, and their data into the page's.
std::string charts_html(Page& page, std::string_view id_prefix, std::vector<Chart> charts);

std::string verdict_part(const Page& page);
std::string config_part(Page& page, size_t index, bool with_charts);  // one configuration: charts and tables
std::string frontier_part(Page& page);
std::string experiment_part(Page& page);  // the figures of experiments
std::string environment_part(const Page& page);
std::string mismatch_part(const Page& page);
std::string problem_part(const Page& page);
std::string method_part(const Page& page);
std::string definition_part();

// Tables of one configuration; its heading says which.
std::string metric_tables(const compare::ComparedConfig& config, const std::vector<MetricRow>& rows, double margin);
std::string stage_table(const compare::ComparedConfig& config, const std::vector<MetricRow>& rows);
std::string run_table(const compare::ComparedConfig& config);
std::string node_table(const compare::ComparedConfig& config);  // of runs on several nodes
std::string event_table(const std::vector<SideData>& sides);
std::string overhead_table(const compare::ComparedConfig& config);
std::string setup_lists(const compare::ComparedConfig& config);  // configuration, options of the backends, hashes

}  // namespace host::report

// What a chart of the page shows; page/report.js draws it. Charts are additions: what they show is in tables too,
// or, where it is a curve, in the files that the caption names.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/metric_rows.hpp"
#include "report/run_data.hpp"

namespace host::report {

struct Chart {
  std::string title;
  std::string caption;          // n, unit, source
  nlohmann::ordered_json spec;  // see report.js
  bool wide = false;
};

// One side of a configuration with what its usable repetitions left behind.
struct SideData {
  std::string side;
  size_t color = 0;           // of the page: the same side has the same one everywhere
  std::vector<RunData> runs;  // of the repetitions that are ok; at most `most_runs_read`
  size_t usable_runs = 0;
};
constexpr size_t most_runs_read = 20;  // of a side: more repetitions do not change a median that a chart can show

// Each gives nothing where the records have nothing to draw.
std::vector<Chart> latency_charts(const std::vector<SideData>& sides);
std::vector<Chart> progress_charts(const std::vector<SideData>& sides);
std::vector<Chart> stage_charts(const std::vector<MetricRow>& rows, const std::vector<SideData>& sides);
std::vector<Chart> slo_charts(const std::vector<MetricRow>& rows, const std::vector<SideData>& sides);
std::vector<Chart> request_charts(const std::vector<SideData>& sides);

// Of searches: everything of one workload and backend is one curve.
struct Frontier {
  std::string workload;
  std::string side;
  size_t color = 0;
  nlohmann::ordered_json json;  // frontier.json
};
std::vector<Chart> frontier_charts(const std::vector<Frontier>& frontiers);

// Five digits: more than a screen has pixels, and half the size of the page.
double rounded(double value);

}  // namespace host::report

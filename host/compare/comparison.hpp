// What two or more sides (backends, or inputs) did under one configuration, metric by metric.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/results.hpp"
#include "compare/statistics.hpp"

namespace host::compare {

enum class Verdict { better, same, worse, inconclusive, invalid };
const char* to_string(Verdict verdict);

// A metric that is compared. `scope` is "total", "class:<name>", "tenant:<name>", "phase:<name>" or "event:<kind>" (of
// fault or reconfiguration).
struct ComparedMetric {
  std::string scope;
  std::string name;  // of the definitions: "latency_p99"
  std::string unit;
  metrics::Direction better = metrics::Direction::lower;
};

// The repetitions of one side.
struct SideResults {
  std::string side;
  std::vector<const ResultRecord*> repetitions;  // in order of their repetition; the records outlive the comparison
  std::vector<std::string> problems;             // why it may not be compared: "2 of 5 runs are invalid: ..."
};

// Candidate against baseline in one metric.
struct MetricResult {
  ComparedMetric metric;
  std::string baseline;
  std::string candidate;
  std::vector<double> baseline_values;  // by repetition, those that were measured
  std::vector<double> candidate_values;
  bool paired = false;                    // by repetition of one paired run
  size_t first_stage = 0;                 // of the pairs, those that told how many there are to be; 0 = nothing did
  std::optional<RatioInterval> interval;  // candidate / baseline
  std::optional<RankTest> ranks;
  std::optional<double> delta;  // Cliff's, of the candidate
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // why not more, or why there is a verdict without a ratio
};

// One workload under one configuration.
struct ComparedConfig {
  std::string workload;
  std::string config_hash;  // like the next three nothing where sides differ in it, as they may if keys tell them apart
  std::optional<int64_t> seed;
  std::optional<int64_t> nodes;
  std::optional<int64_t> parallelism;
  std::string label;                        // of its group: "rate = 20"; empty without keys
  std::vector<SideResults> sides;           // the baseline first, if it took part
  std::vector<MetricResult> metrics;        // for each candidate; empty with one side
  std::optional<bool> output_equal;         // digests of the sides; nothing if fewer than two gave one
  Verdict verdict = Verdict::inconclusive;  // the worst over the candidates, see verdict_of()
  std::string reason;
};

// What stands for it in tables: its label, else the first digits of its hash.
std::string config_name(const ComparedConfig& config);

struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason;  // empty if it is better, same or worse, unless a side was limited by its driver
};

// Of one candidate, over the headline metrics in total: throughput, success_rate and latency_p99 (where no side could
// measure that: p95, else p50). Worse if any is worse; else inconclusive if any is; else better if any is; else same.
Judgement verdict_of(const ComparedConfig& config, std::string_view candidate);

// What was found for a candidate; null if the metric was not compared.
const MetricResult* find_result(const ComparedConfig& config, std::string_view candidate, std::string_view scope,
                                std::string_view name);
// The tail of its latency: the highest percentile that has a ratio, else p99.
const MetricResult* latency_result(const ComparedConfig& config, std::string_view candidate);

// The run, the configuration's label, or "(by workload)".
std::string where(const Mismatch& mismatch);
// "20 against 40", that of `first` first.
std::string values_text(const Mismatch& mismatch, const std::string& first = "");

struct Comparison {
  std::vector<ComparedConfig> configs;
  std::vector<Mismatch> mismatches;
  std::vector<InputProblem> problems;
  double margin = 0.05;  // of a ratio: within [1/(1+margin), 1+margin] is "same"
  double confidence = 0.95;
};

struct CompareOptions {
  std::string baseline = {};  // a side; empty = the first one read
  double margin = 0.05;
  double confidence = 0.95;
};

// `results` outlives the comparison, which refers to its records.
Comparison compare(const ResultSet& results, const CompareOptions& options);

}  // namespace host::compare

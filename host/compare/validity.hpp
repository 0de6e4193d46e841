// What forbids a comparison, or has to be said beside it.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::compare {

// Whether a repetition's values may be used: runs that failed, are invalid or were interrupted have none.
bool usable(const ResultRecord& record);

// Of the repetitions of one side: "2 of 5 runs are invalid: the load generator was late ...". Empty = all can be used.
std::string unusable_runs(const std::vector<const ResultRecord*>& repetitions);
// Runs whose records say neither how they ended nor by which clock; they are used all the same. Empty = none.
std::string unjudged_runs(const std::vector<const ResultRecord*>& repetitions);
// "3 of 5 runs were taken on a noisy machine: ..."; they are used all the same. Empty = none.
std::string noisy_runs(const std::vector<const ResultRecord*>& repetitions);
// "3 of 5 runs were limited by their driver: ..."; they are used all the same, and verdicts name it. Empty = none.
std::string driver_limited_runs(const std::vector<const ResultRecord*>& repetitions);
bool limited_by_driver(const ResultRecord& record);  // of a search: the run that bounds its capacity was

// Repetitions of one side under one configuration that were made by different set-ups, so that they are none of one
// another: "its runs differ in the backend option service_ms (3, 30, 60)". Empty = they do not.
std::string mixed_set_ups(const std::vector<const ResultRecord*>& repetitions);

// Why two sides cannot be compared at all; empty = they can.
std::string clocks_differ(const SideResults& a, const SideResults& b);

// Whether the digests over the results agree, within the sides and between them. Only runs of one seed, load and
// options of the workload, with equally many results in their digest, are set against each other; nothing where there
// are none such.
std::optional<bool> outputs_equal(const SideResults& a, const SideResults& b);

// "0.1.0 (53bd6c3...)", "vm (AMD EPYC, 2 cores)"; empty where the record does not say.
std::string host_version(const ResultRecord& record);
std::string machine(const ResultRecord& record);

// Seeds, nodes, parallelisms, configurations, host versions and machines that one side has and another has not: by run
// where sides share run ids, as the results of the Python package do, else by workload. And the set-ups that are mixed
// within one side.
std::vector<Mismatch> mismatches(const std::vector<ResultRecord>& records);

}  // namespace host::compare

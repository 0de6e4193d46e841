// What a run means, in one sentence for the end of `run`.
#pragma once

#include <filesystem>
#include <string>

#include "compare/results.hpp"

namespace host::experiment {

// "Q1 on sage: 160 of 160 requests met their objective; p50 0.54 ms". With a `reference`, how many times its p50 that
// is; null = there is none.
std::string outcome_text(const compare::ResultRecord& run, const compare::ResultRecord* reference);

// Of the run in `folder`, set against the latest run beside it that did the same on another backend. Empty if the
// folder holds no record that can be read.
std::string outcome_text(const std::filesystem::path& folder);

}  // namespace host::experiment

// One comparison from inputs to files, for `compare` and for commands that compare what they have run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "compare/comparison.hpp"

namespace host::report {

struct CompareJob {
  std::vector<std::filesystem::path> inputs;  // files, or folders searched recursively
  std::filesystem::path output_dir;           // made if it is not there
  std::vector<std::string> by = {};  // what sides are told apart by: compare/sides_by.hpp; none = backend, or side
  compare::CompareOptions options;
  std::string gate;  // conditions as written, "latency_p99<=1.10, throughput>=0.95"; empty = none
  bool gate_lenient = false;
};

struct CompareOutcome {
  base::Exit exit = base::Exit::ok;   // gate: a condition is not met
  std::string text;                   // verdicts, gate and files written, for a terminal
  std::vector<std::string> warnings;  // one line each: what could not be read or drawn
  compare::ResultSet results;         // `comparison` refers to its records: keep or move them together
  compare::Comparison comparison;
};

// Reads, compares, judges the gate and writes every file of the comparison into `output_dir`. Prints nothing. Throws
// Error(usage) without any record and for a gate that cannot be parsed, before anything is written.
CompareOutcome compare_into(const CompareJob& job);

}  // namespace host::report

// The files of a comparison, by the names that existing scripts look for.
#pragma once

#include <filesystem>

#include "compare/comparison.hpp"

namespace host::report {

// summary.md, comparison.csv, report.html, throughput_comparison.png, latency_p95_p99_comparison.png. Throws Error when
// one cannot be written; without gnuplot the PNGs are left out, and the reason is returned.
std::string write_comparison(const compare::Comparison& comparison, const compare::ResultSet& results,
                             const std::filesystem::path& folder);

}  // namespace host::report

// The results as an SQLite database, for questions that no table of a report answers. docs/report.md has the schema.
#pragma once

#include <filesystem>

#include "compare/comparison.hpp"

namespace host::report {

// PRAGMA user_version; grows when a column changes its meaning or goes.
constexpr int sqlite_schema_version = 1;

// Written beside `file` in one transaction and renamed, so that the file is never seen half-written. Reads the runs'
// folders. Throws Error.
void write_sqlite(const compare::Comparison& comparison, const compare::ResultSet& results,
                  const std::filesystem::path& file);

// Its table `cells` alone, likewise: cells.hpp.
void write_cells_sqlite(const compare::ResultSet& results, const std::filesystem::path& file);

}  // namespace host::report

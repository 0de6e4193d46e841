// Every metric of every run as one tidy table, for pandas, R and whatever else draws: docs/report.md has its columns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "compare/results.hpp"

namespace host::report {

using TableValue = std::variant<std::nullptr_t, int64_t, double, std::string>;  // null: not measured, not known

// The names of its columns. Each axis of the experiments among the results has one, between `point` and `repetition`;
// one that is called like another column is "axis_seed".
std::vector<std::string> cell_columns(const compare::ResultSet& results);
// Hands the rows over one by one: a large experiment has hundreds of thousands.
void for_each_cell_row(const compare::ResultSet& results, const std::function<void(std::span<const TableValue>)>& take);

// The table as CSV after RFC 4180; what is null is an empty field. Numbers are as exact as those of the records.
void write_cells_csv(const compare::ResultSet& results, const std::filesystem::path& file);

// cells.csv, and results.sqlite with the table `cells`, in `folder`, which is there. They throw Error.
void write_cells(const compare::ResultSet& results, const std::filesystem::path& folder);

}  // namespace host::report

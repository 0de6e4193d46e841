// Rows of what records hold, through SQLiteCpp: what is not known is null, and text is made valid UTF-8.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/ranges.h>

#include <cassert>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/utf8.hpp"

namespace host::report {

// A prepared insertion of whole rows. Throws SQLite::Exception.
class Insert {
 public:
  Insert(SQLite::Database& database, std::string_view table, int columns)
      : columns_(columns),
        statement_(database,
                   fmt::format("INSERT INTO {} VALUES ({})", table,
                               fmt::join(std::vector<std::string_view>(static_cast<size_t>(columns), "?"), ","))) {}
  // A row; the number of values is the number of columns.
  template <class... Values>
  void row(const Values&... values) {
    assert(sizeof...(values) == static_cast<size_t>(columns_));
    int column = 0;
    (bind(++column, values), ...);
    statement_.exec();
    statement_.reset();
  }
  // Likewise, of variants.
  template <class Value>
  void row_of(std::span<const Value> values) {
    assert(values.size() == static_cast<size_t>(columns_));
    int column = 0;
    for (const auto& value : values) std::visit([&](const auto& of) { bind(++column, of); }, value);
    statement_.exec();
    statement_.reset();
  }

 private:
  void bind(int column, std::nullptr_t) { statement_.bind(column); }
  void bind(int column, int64_t value) { statement_.bind(column, value); }
  void bind(int column, double value) {
    if (std::isfinite(value))
      statement_.bind(column, value);
    else
      statement_.bind(column);
  }
  void bind(int column, std::string_view text) { statement_.bind(column, base::valid_utf8(text)); }
  void bind(int column, const std::string& text) { bind(column, std::string_view(text)); }
  void bind(int column, const char* text) { bind(column, std::string_view(text)); }
  template <class T>
  void bind(int column, const std::optional<T>& value) {
    if (value)
      bind(column, *value);
    else
      bind(column, nullptr);
  }

  [[maybe_unused]] int columns_;  // for the assertion
  SQLite::Statement statement_;
};

}  // namespace host::report

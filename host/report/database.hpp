// SQLite's C interface with owners and exceptions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace host::report {

// A new database file. Everything throws Error(failed) that names the file and SQLite's reason.
class Database {
 public:
  explicit Database(const std::filesystem::path& file);
  void run(const std::string& sql);
  [[nodiscard]] int64_t last_row() const;
  void close();  // after the statements are gone

 private:
  friend class Insert;
  [[noreturn]] void fail() const;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string name_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared insertion of whole rows.
class Insert {
 public:
  Insert(Database& database, std::string_view table, int columns);
  // A row; the number of values is the number of columns. Null for nothing; text is made valid UTF-8.
  template <class... Values>
  void row(const Values&... values) {
    int column = 0;
    (bind(++column, values), ...);
    step(column);
  }

 private:
  void bind(int column, std::nullptr_t);
  void bind(int column, int64_t value);
  void bind(int column, double value);
  void bind(int column, std::string_view text);
  void bind(int column, const std::string& text) { bind(column, std::string_view(text)); }
  void bind(int column, const char* text) { bind(column, std::string_view(text)); }
  template <class T>
  void bind(int column, const std::optional<T>& value) {
    if (value)
      bind(column, *value);
    else
      bind(column, nullptr);
  }
  void step(int columns);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int columns_;
};

}  // namespace host::report

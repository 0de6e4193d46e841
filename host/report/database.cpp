#include "report/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cassert>
#include <cmath>

#include "base/error.hpp"
#include "base/utf8.hpp"

namespace host::report {

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }
void Insert::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(const std::filesystem::path& file) : name_(file.string()) {
  sqlite3* handle = nullptr;
  const auto status = sqlite3_open_v2(name_.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  handle_.reset(handle);  // also after a failure
  if (status != SQLITE_OK) fail();
}

void Database::fail() const {
  throw base::Error(base::Exit::failed,
                    fmt::format("{}: cannot be written: {}; check that the folder exists, can be written to and "
                                "has space",
                                name_, handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory"));
}

void Database::run(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }

void Database::close() {
  if (sqlite3_close(handle_.get()) != SQLITE_OK) fail();
  [[maybe_unused]] auto* closed = handle_.release();
}

Insert::Insert(Database& database, std::string_view table, int columns) : database_(database), columns_(columns) {
  std::string marks = "?";
  for (int i = 1; i < columns; ++i) marks += ",?";
  const auto sql = fmt::format("INSERT INTO {} VALUES ({})", table, marks);
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.handle_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK)
    database.fail();
  statement_.reset(statement);
}

void Insert::bind(int column, std::nullptr_t /*nothing*/) {
  if (sqlite3_bind_null(statement_.get(), column) != SQLITE_OK) database_.fail();
}
void Insert::bind(int column, int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), column, value) != SQLITE_OK) database_.fail();
}
void Insert::bind(int column, double value) {
  if (!std::isfinite(value)) return bind(column, nullptr);
  if (sqlite3_bind_double(statement_.get(), column, value) != SQLITE_OK) database_.fail();
}
void Insert::bind(int column, std::string_view text) {
  const auto valid = base::valid_utf8(text);
  if (sqlite3_bind_text64(statement_.get(), column, valid.data(), valid.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
      SQLITE_OK)
    database_.fail();
}

void Insert::step([[maybe_unused]] int columns) {
  assert(columns == columns_);
  if (sqlite3_step(statement_.get()) != SQLITE_DONE || sqlite3_reset(statement_.get()) != SQLITE_OK) database_.fail();
}

}  // namespace host::report

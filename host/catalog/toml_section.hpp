// A table of a TOML file, read strictly: every complaint names file, line and column, and unknown keys are errors.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace host::catalog {

// Parses TOML from anyone: throws Error(usage) on bad syntax and on nesting that the parser's recursion could not bear.
toml::table parse_toml(std::string_view text, const std::string& file);

// "q6.toml:12:3"; the file alone for what stands nowhere in it.
std::string position(const std::string& file, const toml::source_region& at);

// An entry of a table; toml++ itself goes through tables by the alphabet.
struct TomlEntry {
  const toml::key* key;
  const toml::node* value;
};
// As they stand in the file.
std::vector<TomlEntry> in_order(const toml::table& table);

// The value of an option as it would be written on a command line, so that both take one path from there. Throws
// Error(usage) that begins with `source` for what is no text, number, true or false.
std::string option_text(const toml::node& node, const std::string& source);

class TomlSection {
 public:
  // `name` as in the file's header, "options.rate"; empty for the whole file.
  TomlSection(const toml::table& table, std::string file, std::string name = {})
      : table_(table), file_(std::move(file)), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const toml::table& table() const { return table_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  // Throws for the first other key, with the nearest of these.
  void allow_only(const std::vector<std::string>& keys) const;

  // nullopt: the key is absent. Throws when it is there with another type.
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;  // an integer will do
  [[nodiscard]] std::optional<bool> truth(std::string_view key) const;
  [[nodiscard]] std::optional<TomlSection> section(std::string_view key) const;
  // Empty when absent.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  // Throws when absent.
  [[nodiscard]] std::string required_text(std::string_view key) const;

  // The error to throw, at the key's value, or at the section itself if it has no such key.
  [[nodiscard]] base::Error error(std::string_view key, const std::string& problem) const;
  // "q6.toml:12:3"
  [[nodiscard]] std::string where(std::string_view key) const;

 private:
  [[nodiscard]] base::Error wrong_type(std::string_view key, std::string_view expected) const;

  const toml::table& table_;
  std::string file_;
  std::string name_;
};

}  // namespace host::catalog

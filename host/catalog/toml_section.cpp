#include "catalog/toml_section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "catalog/option.hpp"

namespace host::catalog {
namespace {

// toml++ 3.3 bounds nested values (256) but not dotted keys, and frees tables recursively: a key of 100,000 parts
// overflows the stack. A key stands on one line.
constexpr std::ptrdiff_t dots_a_line_max = 64;

std::string in_section(const std::string& name) {
  return name.empty() ? "" : fmt::format(" in [{}]", base::one_line(name));
}

// toml++ says what is wrong, never what would be right.
std::string_view remedy_of(std::string_view problem) {
  if (problem.find("utf-8") != problem.npos) return "save the file as UTF-8";
  if (problem.find("redefine") != problem.npos) return "leave one of them";
  return "lines are [table] or key = value, and a value is 12, 1.5, true or \"a text\"";
}

}  // namespace

std::string position(const std::string& file, const toml::source_region& at) {
  if (at.begin.line == 0) return file;
  return fmt::format("{}:{}:{}", file, at.begin.line, at.begin.column);
}

std::vector<TomlEntry> in_order(const toml::table& table) {
  std::vector<TomlEntry> out;
  for (const auto& [key, value] : table) out.push_back({&key, &value});
  std::ranges::sort(
      out, [](const TomlEntry& a, const TomlEntry& b) { return a.key->source().begin < b.key->source().begin; });
  return out;
}

std::string option_text(const toml::node& node, const std::string& source) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  throw base::usage_error(source + ": an option takes a text, a number, true or false");
}

toml::table parse_toml(std::string_view text, const std::string& file) {
  const auto shown_file = base::one_line(file);
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (std::ranges::count(text.substr(begin, end - begin), '.') > dots_a_line_max)
      throw base::usage_error(
          fmt::format("{}:{}: more than {} dots in a line; break the line", shown_file, line, dots_a_line_max));
    begin = end + 1;
  }
  try {
    return toml::parse(text, shown_file);
  } catch (const toml::parse_error& e) {
    throw base::usage_error(fmt::format("{}: {}; {}", position(shown_file, e.source()), base::one_line(e.description()),
                                        remedy_of(e.description())));
  }
}

void TomlSection::allow_only(const std::vector<std::string>& keys) const {
  for (const auto& [key, node] : table_) {
    if (std::ranges::find(keys, key.str()) != keys.end()) continue;
    const auto meant = base::nearest(key.str(), keys);
    const auto remedy = meant ? fmt::format("did you mean {}?", base::in_quotes(*meant))
                              : fmt::format("known: {}", fmt::join(keys, ", "));
    throw base::usage_error(fmt::format("{}: unknown key {}{}; {}", position(base::one_line(file_), key.source()),
                                        base::in_quotes(key.str()), in_section(name_), remedy));
  }
}

std::optional<std::string> TomlSection::text(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return value->get();
  throw wrong_type(key, "a string");
}

std::optional<int64_t> TomlSection::integer(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_integer()) return value->get();
  throw wrong_type(key, "an integer");
}

std::optional<double> TomlSection::number(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_floating_point()) return value->get();
  if (const auto* value = node->as_integer()) return static_cast<double>(value->get());
  throw wrong_type(key, "a number");
}

std::optional<bool> TomlSection::truth(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_boolean()) return value->get();
  throw wrong_type(key, "true or false");
}

std::optional<TomlSection> TomlSection::section(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* inner = node->as_table();
  if (inner == nullptr) throw wrong_type(key, "a table");
  return TomlSection(*inner, file_, name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key));
}

std::vector<std::string> TomlSection::texts(std::string_view key) const {
  const auto* node = table_.get(key);
  if (node == nullptr) return {};
  const auto* array = node->as_array();
  if (array == nullptr) throw wrong_type(key, "an array of strings");
  std::vector<std::string> out;
  for (const auto& item : *array) {
    const auto* value = item.as_string();
    if (value == nullptr) throw wrong_type(key, "an array of strings");
    out.push_back(value->get());
  }
  return out;
}

std::string TomlSection::required_text(std::string_view key) const {
  if (auto value = text(key)) return *value;
  throw error(key,
              fmt::format("the key {} is missing{}; add {} = \"...\"", base::in_quotes(key), in_section(name_), key));
}

base::Error TomlSection::wrong_type(std::string_view key, std::string_view expected) const {
  return error(key, fmt::format("{}{} must be {}", base::in_quotes(key), in_section(name_), expected));
}

base::Error TomlSection::error(std::string_view key, const std::string& problem) const {
  return base::usage_error(where(key) + ": " + problem);
}

std::string TomlSection::where(std::string_view key) const {
  const auto* node = table_.get(key);
  return position(base::one_line(file_), node != nullptr ? node->source() : table_.source());
}

}  // namespace host::catalog

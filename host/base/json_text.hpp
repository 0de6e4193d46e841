// JSON from outside, bounded: building, copying and writing a value take time by its keys and stack by its depth.
#pragma once

#include <filesystem>
#include <istream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace host::base {

inline constexpr size_t json_depth_max = 64;
inline constexpr size_t json_part_depth_max = 48;  // of what becomes part of a record, whose own depth is added
inline constexpr size_t json_keys_max = 10'000;    // of one object
inline constexpr size_t json_line_max = size_t{16} << 20;
inline constexpr uintmax_t json_file_max = uintmax_t{64} << 20;

// What is seen of a text before it is parsed.
struct JsonOutline {
  std::string refusal;  // "nested more than 64 deep": it must not be parsed; empty = it may be
  std::string twice;    // the first key that stands twice in an object; empty = none does
};
JsonOutline outline_json(std::string_view text, size_t depth_max = json_depth_max);

// Discarded if it is no JSON, or refused.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text, size_t depth_max = json_depth_max) {
  if (!outline_json(text, depth_max).refusal.empty()) return Json(nlohmann::detail::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

// A line of JSON lines without its end; false at the end of the file. One beyond json_line_max is passed over and
// marked.
bool next_json_line(std::istream& in, std::string& line, bool& too_long);

// Of a regular file; discarded also if it cannot be read, or is larger than json_file_max.
std::string json_file_text(const std::filesystem::path& file);
template <class Json = nlohmann::json>
Json parse_json_file(const std::filesystem::path& file) {
  return parse_json<Json>(json_file_text(file));
}

// Names and texts of a record end up on terminals and in tables: see base::shown_text(). Keys too.
void make_printable(nlohmann::ordered_json& value);

}  // namespace host::base

// JSON from outside, bounded: building, copying and writing a value take time by its keys and stack by its depth.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace host::base {

inline constexpr size_t json_depth_max = 64;
inline constexpr size_t json_keys_max = 10'000;  // of one object
inline constexpr uintmax_t json_file_max = uintmax_t{64} << 20;

// What is seen of a text before it is parsed.
struct JsonOutline {
  std::string refusal;  // "nested more than 64 deep": it must not be parsed; empty = it may be
  std::string twice;    // the first key that stands twice in an object; empty = none does
};
JsonOutline outline_json(std::string_view text);

// Discarded if it is no JSON, or refused.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text) {
  if (!outline_json(text).refusal.empty()) return Json(nlohmann::detail::value_t::discarded);
  return Json::parse(text, nullptr, false);
}

// Of a regular file; discarded also if it cannot be read, or is larger than json_file_max.
std::string json_file_text(const std::filesystem::path& file);
template <class Json = nlohmann::json>
Json parse_json_file(const std::filesystem::path& file) {
  return parse_json<Json>(json_file_text(file));
}

}  // namespace host::base

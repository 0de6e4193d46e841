// Members of records, which may have any type or be missing.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace host::report {

// Null if `object` has no such member.
inline const nlohmann::ordered_json& field(const nlohmann::ordered_json& object, std::string_view key) {
  static const nlohmann::ordered_json none;
  if (!object.is_object()) return none;
  const auto it = object.find(std::string(key));
  return it == object.end() ? none : *it;
}

inline std::optional<double> number(const nlohmann::ordered_json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto x = value.get<double>();
  return std::isfinite(x) ? std::optional(x) : std::nullopt;
}
inline std::optional<double> number(const nlohmann::ordered_json& object, std::string_view key) {
  return number(field(object, key));
}

// Empty unless it is text.
inline std::string text(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}
inline std::string text(const nlohmann::ordered_json& object, std::string_view key) { return text(field(object, key)); }

// What can be iterated over: the list, or an empty one.
inline const nlohmann::ordered_json& list(const nlohmann::ordered_json& value) {
  static const auto none = nlohmann::ordered_json::array();
  return value.is_array() ? value : none;
}

}  // namespace host::report

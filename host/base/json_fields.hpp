// Members of JSON that came from outside, which may have any type or be missing; and what is not known as null.
#pragma once

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace host::base {

template <class J>
concept AnyJson = nlohmann::detail::is_basic_json<J>::value;  // of ordered members, or sorted ones

// Null if `object` has no such member, or is none.
template <AnyJson J>
const J& field(const J& object, std::string_view key) {
  static const J none;
  if (!object.is_object()) return none;
  const auto it = object.find(std::string(key));
  return it == object.end() ? none : *it;
}
// Likewise by path: {"metrics", "total", "goodput"}.
template <AnyJson J>
const J& field(const J& object, std::initializer_list<std::string_view> path) {
  const auto* at = &object;
  for (const auto key : path) at = &field(*at, key);
  return *at;
}

template <AnyJson J>
std::optional<double> number(const J& value) {
  if (!value.is_number()) return std::nullopt;
  const auto x = value.template get<double>();
  return std::isfinite(x) ? std::optional(x) : std::nullopt;
}
template <AnyJson J>
std::optional<double> number(const J& object, std::string_view key) {
  return number(field(object, key));
}

// Empty unless it is text.
template <AnyJson J>
std::string text(const J& value) {
  return value.is_string() ? value.template get<std::string>() : std::string();
}
template <AnyJson J>
std::string text(const J& object, std::string_view key) {
  return text(field(object, key));
}

// What can be iterated over: the list, or an empty one.
inline const nlohmann::ordered_json& list(const nlohmann::ordered_json& value) {
  static const auto none = nlohmann::ordered_json::array();
  return value.is_array() ? value : none;
}

template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}
inline nlohmann::ordered_json or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace host::base

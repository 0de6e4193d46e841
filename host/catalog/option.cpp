#include "catalog/option.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"

namespace host::catalog {
namespace {

// "at least 0.001 1/s", "0 to 1", ...
std::string range_text(const OptionSpec& spec) {
  const auto unit = spec.unit.empty() ? "" : " " + spec.unit;
  if (spec.min && spec.max) return fmt::format("{} to {}{}", *spec.min, *spec.max, unit);
  if (spec.min) return fmt::format("at least {}{}", *spec.min, unit);
  if (spec.max) return fmt::format("at most {}{}", *spec.max, unit);
  return "any number";
}

std::string allowed_text(const OptionSpec& spec) {
  switch (spec.type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::text:
      return spec.choices.empty() ? "text" : fmt::format("one of {}", fmt::join(spec.choices, ", "));
    case OptionType::integer:
      return spec.min || spec.max ? "a whole number, " + range_text(spec) : "a whole number";
    case OptionType::number:
      break;
  }
  return spec.min || spec.max ? "a number, " + range_text(spec) : "a number";
}

[[noreturn]] void refuse(const OptionSpec& spec, std::string_view value, std::string_view source) {
  auto text = fmt::format("{}: {} is not allowed for {}; give {}", base::one_line(source), base::in_quotes(value),
                          spec.name, allowed_text(spec));
  if (spec.type == OptionType::text)
    if (const auto meant = base::nearest(value, spec.choices))
      text += fmt::format(" (did you mean {}?)", base::in_quotes(*meant));
  throw base::usage_error(text);
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Digits, or a float that is exactly an integer ("1e6").
std::optional<int64_t> whole_number(std::string_view text) {
  if (const auto value = whole<int64_t>(text)) return value;
  const auto number = whole<double>(text);
  constexpr double exact_max = 9007199254740992.0;  // 2^53: beyond, doubles skip integers
  if (!number || !(std::abs(*number) <= exact_max) || *number != std::floor(*number)) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::optional<bool> truth(std::string_view text) {
  const auto word = base::to_lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

bool in_range(const OptionSpec& spec, double value) {
  return std::isfinite(value) && !(spec.min && value < *spec.min) && !(spec.max && value > *spec.max);
}

bool is_allowed(const OptionSpec& spec, const OptionValue& value) {
  switch (spec.type) {
    case OptionType::boolean:
      return std::holds_alternative<bool>(value);
    case OptionType::integer: {
      const auto* integer = std::get_if<int64_t>(&value);
      return integer != nullptr && in_range(spec, static_cast<double>(*integer));
    }
    case OptionType::number: {
      const auto* number = std::get_if<double>(&value);
      return number != nullptr && in_range(spec, *number);
    }
    case OptionType::text:
      break;
  }
  const auto* text = std::get_if<std::string>(&value);
  // Every value ends up in a JSON record, which holds UTF-8 only.
  return text != nullptr && base::is_utf8(*text) && text->find('\0') == std::string::npos &&
         (spec.choices.empty() || std::ranges::find(spec.choices, *text) != spec.choices.end());
}

}  // namespace

std::string option_name(std::string_view flag) {
  if (flag.starts_with("--")) flag.remove_prefix(2);
  std::string name(flag);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string option_flag(std::string_view name) {
  std::string flag(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return "--" + flag;
}

OptionValue parse_option(const OptionSpec& spec, std::string_view text, std::string_view source) {
  std::optional<OptionValue> value;
  switch (spec.type) {
    case OptionType::integer:
      value = whole_number(text);
      break;
    case OptionType::number:
      value = whole<double>(text);
      break;
    case OptionType::boolean:
      value = truth(text);
      break;
    case OptionType::text:
      value = std::string(text);
      break;
  }
  if (!value || !is_allowed(spec, *value)) refuse(spec, text, source);
  return *value;
}

void check_option(const OptionSpec& spec, const OptionValue& value, std::string_view source) {
  if (!is_allowed(spec, value)) refuse(spec, to_text(value), source);
}

std::string to_text(const OptionValue& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

nlohmann::json to_json(const OptionValue& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

nlohmann::json to_json(const OptionValues& values) {
  auto out = nlohmann::json::object();
  for (const auto& [name, value] : values) out[name] = to_json(value);
  return out;
}

double parse_share(std::string_view source, std::string_view text, double least, double most) {
  const bool percent = text.ends_with('%');
  const auto digits = percent ? text.substr(0, text.size() - 1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (percent) value /= 100;
  if (error == std::errc() && end == digits.data() + digits.size() && value >= least && value <= most) return value;
  throw base::usage_error(
      fmt::format("{} {}: give a share from {:g}% to {:g}%, as 7.5% or 0.075", source, text, least * 100, most * 100));
}

OptionSpec toggle(std::string name, std::string help) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.type = OptionType::boolean;
  spec.default_value = false;
  spec.help = std::move(help);
  return spec;
}

OptionSpec text_option(std::string name, std::string value, std::string help, std::vector<std::string> choices) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.default_value = std::move(value);
  spec.choices = std::move(choices);
  spec.help = std::move(help);
  return spec;
}

OptionSpec integer_option(std::string name, int64_t value, double min, double max, std::string help) {
  auto spec = number_option(std::move(name), 0, min, max, "", std::move(help));
  spec.type = OptionType::integer;
  spec.default_value = value;
  return spec;
}

OptionSpec number_option(std::string name, double value, double min, double max, std::string unit, std::string help) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.type = OptionType::number;
  spec.default_value = value;
  spec.min = min;
  spec.max = max;
  spec.unit = std::move(unit);
  spec.help = std::move(help);
  return spec;
}

}  // namespace host::catalog

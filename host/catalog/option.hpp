// Typed options: what a manifest (or the host itself) declares, and how a text becomes a checked value.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace host::catalog {

enum class OptionType { integer, number, boolean, text };  // "int", "float", "bool", "string" in a manifest

using OptionValue = std::variant<bool, int64_t, double, std::string>;
using OptionValues = std::map<std::string, OptionValue>;

// Every member but the name has a default, so that a designated initialiser names only what matters.
struct OptionSpec {
  std::string name;  // snake_case; the flag is --snake-case
  OptionType type = OptionType::text;
  OptionValue default_value{};
  std::optional<OptionValue> quick{};  // the default under --quick
  std::optional<double> min{};
  std::optional<double> max{};
  std::vector<std::string> choices{};
  std::string unit{};
  std::string help{};
  bool by_user = false;  // decides whose code runs: never taken out of a record without the user's word
};

// "total_requests" for "--total-requests", "total-requests" or "total_requests".
std::string option_name(std::string_view flag);
// "--total-requests" for "total_requests".
std::string option_flag(std::string_view name);

// Throws Error(usage) that names the option, the value, what is allowed and where it came from
// (`source`, as "--rate" or "run.toml:3"). NaN and infinities are refused.
OptionValue parse_option(const OptionSpec& spec, std::string_view text, std::string_view source);
// The same check for a value that is typed already (from TOML).
void check_option(const OptionSpec& spec, const OptionValue& value, std::string_view source);

std::string to_text(const OptionValue& value);
nlohmann::json to_json(const OptionValue& value);
nlohmann::json to_json(const OptionValues& values);

// "5%" or "0.05", from `least` to `most`. Throws Error(usage) that names `source`.
double parse_share(std::string_view source, std::string_view text, double least, double most);

// A switch, off by default.
OptionSpec toggle(std::string name, std::string help);
// An option of each other type, with its default and range.
OptionSpec text_option(std::string name, std::string value, std::string help, std::vector<std::string> choices = {});
OptionSpec integer_option(std::string name, int64_t value, double min, double max, std::string help);
OptionSpec number_option(std::string name, double value, double min, double max, std::string unit, std::string help);

}  // namespace host::catalog

#include "catalog/manifest_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/quote.hpp"

namespace host::catalog {
namespace {

// What `create` gets beside the options (see sage_plugin.create).
constexpr std::array reserved = {"seed",  "nodes", "parallelism",  "scheduler",
                                 "quick", "load",  "capabilities", "open_timeout_s"};

void check_name(const TomlSection& owner, std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fine = [&](char c) { return lower(c) || digit(c) || c == '_'; };
  if (name.empty() || name.size() > 64 || !lower(name.front()) || !std::ranges::all_of(name, fine))
    throw owner.error(name,
                      fmt::format("option name {} must be lower case letters, digits and '_'", base::in_quotes(name)));
}

OptionType read_type(const TomlSection& section) {
  const auto type = section.required_text("type");
  if (type == "int") return OptionType::integer;
  if (type == "float") return OptionType::number;
  if (type == "bool") return OptionType::boolean;
  if (type == "string") return OptionType::text;
  throw section.error("type",
                      fmt::format("type {} is not known; give int, float, bool or string", base::in_quotes(type)));
}

// The value of `key` as TOML has it.
OptionValue read_value(const TomlSection& section, std::string_view key) {
  const auto* node = section.table().get(key);
  if (const auto* truth = node->as_boolean()) return truth->get();
  if (const auto* integer = node->as_integer()) return integer->get();
  if (const auto* number = node->as_floating_point()) return number->get();
  if (const auto* text = node->as_string()) return text->get();
  throw section.error(key, fmt::format("{} must be a string, a number, true or false", base::in_quotes(key)));
}

// `default` of the section, checked against the spec. An integer will do for a float.
OptionValue read_default(const TomlSection& section, const OptionSpec& spec) {
  if (!section.table().contains("default"))
    throw section.error("default", fmt::format("[{}] has no default; add default = ...", section.name()));
  auto value = read_value(section, "default");
  if (const auto* integer = std::get_if<int64_t>(&value); integer != nullptr && spec.type == OptionType::number)
    value = static_cast<double>(*integer);
  check_option(spec, value, section.where("default"));
  return value;
}

std::optional<double> read_limit(const TomlSection& section, std::string_view key, OptionType type) {
  const auto limit = section.number(key);
  if (!limit) return limit;
  if (type != OptionType::integer && type != OptionType::number)
    throw section.error(key, fmt::format("only an int or a float has {}; remove it", base::in_quotes(key)));
  if (!std::isfinite(*limit))
    throw section.error(key, fmt::format("{} must be finite; or remove it", base::in_quotes(key)));
  return limit;
}

OptionSpec read_option(const TomlSection& section, std::string_view name) {
  section.allow_only({"type", "default", "quick", "min", "max", "choices", "unit", "help", "by_user"});
  OptionSpec spec;
  spec.name = name;
  spec.type = read_type(section);
  spec.min = read_limit(section, "min", spec.type);
  spec.max = read_limit(section, "max", spec.type);
  if (spec.min && spec.max && *spec.min > *spec.max) throw section.error("max", "max is less than min");
  spec.choices = section.texts("choices");
  if (!spec.choices.empty() && spec.type != OptionType::text)
    throw section.error("choices", "only a string has choices; remove them");
  spec.unit = section.text("unit").value_or("");
  spec.help = section.text("help").value_or("");
  spec.by_user = section.truth("by_user").value_or(false);
  spec.default_value = read_default(section, spec);
  if (const auto quick = section.section("quick")) {
    quick->allow_only({"default"});
    spec.quick = read_default(*quick, spec);
  }
  return spec;
}

OptionValues read_values(const TomlSection& section, bool with_quick) {
  OptionValues out;
  for (const auto& [key, node] : section.table()) {
    if (with_quick && key == "quick") continue;
    check_name(section, key.str());
    out[std::string(key.str())] = read_value(section, key.str());
  }
  return out;
}

}  // namespace

std::vector<OptionSpec> read_options(const TomlSection& root) {
  std::vector<OptionSpec> out;
  const auto options = root.section("options");
  if (!options) return out;
  for (const auto& [key, node] : options->table()) {
    check_name(*options, key.str());
    if (std::ranges::find(reserved, key.str()) != reserved.end())
      throw options->error(key.str(),
                           fmt::format("option {} is the host's own; choose another name", base::in_quotes(key.str())));
    out.push_back(read_option(*options->section(key.str()), key.str()));
  }
  std::ranges::sort(out, {}, &OptionSpec::name);
  return out;
}

void read_defaults(const TomlSection& root, Manifest& out) {
  const auto defaults = root.section("defaults");
  if (!defaults) return;
  out.defaults = read_values(*defaults, true);
  if (const auto quick = defaults->section("quick")) out.quick_defaults = read_values(*quick, false);
}

}  // namespace host::catalog

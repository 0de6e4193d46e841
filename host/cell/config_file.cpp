// Options from a TOML file (--config) and from --set.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <iterator>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "catalog/toml_section.hpp"
#include "catalog/trusted_file.hpp"
#include "cell/settings.hpp"

namespace host::cell {
namespace {

// As it would be written on the command line, so that both take one path from here.
std::string text_of(const toml::node& node, const std::string& source) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  throw base::usage_error(source + ": an option takes a text, a number, true or false");
}

}  // namespace

catalog::Given parse_set(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw base::usage_error(fmt::format("--set {}: expected KEY=VALUE or ID.KEY=VALUE", text));
  const auto key = text.substr(0, equals);
  // Ids of third parties hold dots themselves ("org.example.thing"), option names never do.
  const auto dot = key.rfind('.');
  catalog::Given given;
  if (dot != std::string::npos) given.owner = base::to_lower(key.substr(0, dot));
  given.name = catalog::option_name(dot == std::string::npos ? key : key.substr(dot + 1));
  given.text = text.substr(equals + 1);
  given.source = "--set " + key;
  return given;
}

std::vector<catalog::Given> read_config(const std::filesystem::path& file) {
  constexpr size_t size_max = 1 << 20;
  const auto root = catalog::parse_toml(catalog::read_regular_file(file, "--config", size_max), file.string());
  const auto source = [&](const toml::key& key) {
    return fmt::format("{}:{}", file.string(), key.source().begin.line);
  };
  // Of two values the later one holds, and toml++ iterates by the alphabet: a plugin's table comes after all plain
  // keys.
  std::vector<catalog::Given> plain;
  std::vector<catalog::Given> of_plugins;
  for (const auto& [key, node] : root) {
    if (const auto* table = node.as_table()) {
      for (const auto& [inner, value] : *table)
        of_plugins.push_back({base::to_lower(std::string(key.str())), catalog::option_name(inner.str()),
                              text_of(value, source(inner)), source(inner)});
    } else {
      plain.push_back({"", catalog::option_name(key.str()), text_of(node, source(key)), source(key)});
    }
  }
  std::ranges::move(of_plugins, std::back_inserter(plain));
  return plain;
}

}  // namespace host::cell

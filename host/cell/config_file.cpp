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
catalog::Given given_of(std::string_view key, std::string text, std::string source) {
  // Ids of third parties hold dots themselves ("org.example.thing"), option names never do.
  const auto dot = key.rfind('.');
  catalog::Given given;
  if (dot != std::string_view::npos) given.owner = base::to_lower(key.substr(0, dot));
  given.name = catalog::option_name(dot == std::string_view::npos ? key : key.substr(dot + 1));
  given.text = std::move(text);
  given.source = std::move(source);
  return given;
}

catalog::Given parse_set(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw base::usage_error(fmt::format("--set {}: expected KEY=VALUE or ID.KEY=VALUE", text));
  const auto key = text.substr(0, equals);
  return given_of(key, text.substr(equals + 1), "--set " + key);
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
                              catalog::option_text(value, source(inner)), source(inner)});
    } else {
      plain.push_back({"", catalog::option_name(key.str()), catalog::option_text(node, source(key)), source(key)});
    }
  }
  std::ranges::move(of_plugins, std::back_inserter(plain));
  return plain;
}

}  // namespace host::cell

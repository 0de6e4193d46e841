#include "catalog/manifest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sage/abi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/quote.hpp"
#include "catalog/manifest_options.hpp"
#include "catalog/toml_section.hpp"
#include "catalog/trusted_file.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

constexpr size_t manifest_size_max = 1 << 20;
constexpr size_t word_size_max = 64;

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

// Ids, names, aliases and capabilities: they become file names, flags and list items.
std::string word_problem(std::string_view key, std::string_view word) {
  const bool begins_well = !word.empty() && word.front() != '.' && word.front() != '-';
  if (begins_well && word.size() <= word_size_max && std::ranges::all_of(word, is_word_char)) return "";
  return fmt::format(
      "{} {} must be 1 to {} letters, digits, '.', '_' or '-', beginning with a letter, "
      "a digit or '_'",
      key, base::in_quotes(word), word_size_max);
}

void check_word(const TomlSection& section, std::string_view key, std::string_view word) {
  if (const auto problem = word_problem(key, word); !problem.empty()) throw section.error(key, problem);
}

void check_schema(const TomlSection& root) {
  const auto schema = root.integer("schema");
  if (!schema) throw root.error("schema", "the key 'schema' is missing; add schema = 1");
  if (*schema != 1)
    throw root.error("schema",
                     fmt::format("schema {} is not known, this host reads schema 1; update sage-host", *schema));
}

PluginKind read_kind(const TomlSection& root) {
  const auto kind = root.required_text("kind");
  if (kind == "workload") return PluginKind::workload;
  if (kind == "backend") return PluginKind::backend;
  throw root.error("kind", fmt::format("kind {} is not known; give workload or backend", base::in_quotes(kind)));
}

std::string read_id(const TomlSection& root) {
  auto id = root.required_text("id");
  if (const auto problem = id_problem(id); !problem.empty()) throw root.error("id", problem);
  return id;
}

std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// The minor version required.
int read_abi(const TomlSection& root) {
  const auto abi = root.required_text("abi");
  const auto dot = std::min(abi.find('.'), abi.size());
  const auto major = digits(std::string_view(abi).substr(0, dot));
  const auto minor = dot == abi.size() ? std::nullopt : digits(std::string_view(abi).substr(dot + 1));
  if (!major || !minor)
    throw root.error("abi", fmt::format("abi {} must be MAJOR.MINOR, as in \"{}.{}\"", base::in_quotes(abi),
                                        SAGE_ABI_MAJOR, SAGE_ABI_MINOR));
  if (*major != SAGE_ABI_MAJOR)
    throw root.error("abi",
                     fmt::format("the plugin is built for plugin ABI {}, this host has {}.{}; build the plugin with "
                                 "this host's headers",
                                 abi, SAGE_ABI_MAJOR, SAGE_ABI_MINOR));
  if (*minor > SAGE_ABI_MINOR)
    throw root.error("abi", fmt::format("the plugin requires plugin ABI {}, this host has {}.{}; update sage-host", abi,
                                        SAGE_ABI_MAJOR, SAGE_ABI_MINOR));
  return static_cast<int>(*minor);
}

fs::path read_library(const TomlSection& root, const fs::path& file) {
  const auto text = root.required_text("library");
  const fs::path library = text;
  const bool leaves = std::ranges::any_of(library, [](const fs::path& part) { return part == ".."; });
  if (text.empty() || library.is_absolute() || leaves || !library.has_filename() ||
      text.find('\0') != std::string::npos)
    throw root.error("library",
                     fmt::format("library {} must be a file beside or below the manifest, relative and without "
                                 "'..'",
                                 base::in_quotes(text)));
  return (fs::absolute(file).parent_path() / library).lexically_normal();
}

std::vector<std::string> read_words(const TomlSection& section, std::string_view key) {
  auto words = section.texts(key);
  for (const auto& word : words) check_word(section, key, word);
  return words;
}

void read_requires(const TomlSection& root, Manifest& out) {
  const auto section = root.section("requires");
  if (!section) return;
  out.required_capabilities = read_words(*section, "capabilities");
  out.required_extensions = section->texts("extensions");
  for (const auto& id : out.required_extensions)
    if (std::ranges::find(host_extensions, id) == host_extensions.end())
      throw section->error("extensions",
                           fmt::format("the plugin requires extension {} of the host, which has {}; update "
                                       "sage-host",
                                       base::in_quotes(id), fmt::join(host_extensions, ", ")));
  for (const auto& [key, node] : section->table())
    if (key != "capabilities" && key != "extensions")
      out.requires_text[std::string(key.str())] = section->required_text(key.str());
}

void read_open_timeout(const TomlSection& root, Manifest& out) {
  const auto seconds = root.number("open_timeout_s");
  if (!seconds) return;
  if (out.kind != PluginKind::backend) throw root.error("open_timeout_s", "open_timeout_s is for backends");
  if (!(*seconds >= 1 && *seconds <= 86'400))
    throw root.error("open_timeout_s", fmt::format("open_timeout_s is {}, 1 to 86400 s are possible", *seconds));
  out.open_timeout_s = *seconds;
}

// The search reads its values from options, so that they have flags, limits and help like any other.
std::string read_search_kind(const TomlSection& root, const Manifest& manifest) {
  constexpr std::array<std::pair<const char*, OptionType>, 4> needed = {{{"node_list", OptionType::text},
                                                                         {"attainment", OptionType::number},
                                                                         {"probe_repeat", OptionType::integer},
                                                                         {"tolerance", OptionType::number}}};
  auto search = root.text("search").value_or("");
  if (search.empty()) return search;
  if (manifest.kind != PluginKind::workload || search != "capacity")
    throw root.error("search",
                     fmt::format("search {} is not known; a workload may give \"capacity\"", base::in_quotes(search)));
  for (const auto& [name, type] : needed)
    if (std::ranges::none_of(manifest.options, [&, option = name, kind = type](const OptionSpec& spec) {
          return spec.name == option && spec.type == kind;
        }))
      throw root.error("search", fmt::format("a search for capacity needs the options node_list (string), attainment "
                                             "(float), probe_repeat (int) and tolerance (float); {} is missing or of "
                                             "another type",
                                             name));
  return search;
}

}  // namespace

const std::vector<std::string> host_extensions = {SAGE_METADATA_EXTENSION, SAGE_ERROR_EXTENSION};

std::string_view to_string(PluginKind kind) { return kind == PluginKind::workload ? "workload" : "backend"; }

std::string id_problem(std::string_view id) {
  if (auto problem = word_problem("id", id); !problem.empty()) return problem;
  const auto lower = base::to_lower(id);
  return id == lower ? "" : fmt::format("id {} must be lower case: {}", base::in_quotes(id), lower);
}

Manifest parse_manifest(std::string_view text, const fs::path& file) {
  const auto table = parse_toml(text, file.string());
  const TomlSection root(table, file.string());
  check_schema(root);  // first: another schema may have other keys
  root.allow_only({"schema", "kind", "id", "name", "aliases", "version", "abi", "library", "summary", "capabilities",
                   "requires", "options", "defaults", "search", "open_timeout_s"});
  Manifest out;
  out.kind = read_kind(root);
  out.id = read_id(root);
  if (const auto name = root.text("name")) {
    check_word(root, "name", *name);
    out.name = *name;
  }
  out.aliases = read_words(root, "aliases");
  out.version = root.required_text("version");
  if (out.version.empty() || out.version != base::one_line(out.version))
    throw root.error("version",
                     fmt::format("version {} must be plain text, as in \"0.1.0\"", base::in_quotes(out.version)));
  out.abi_minor = read_abi(root);
  out.library = read_library(root, file);
  out.summary = root.text("summary").value_or("");
  out.capabilities = read_words(root, "capabilities");
  read_requires(root, out);
  read_open_timeout(root, out);
  out.options = read_options(root);
  read_defaults(root, out);
  out.search = read_search_kind(root, out);
  out.file = fs::absolute(file);
  out.text = text;
  return out;
}

Manifest read_manifest(const fs::path& file) {
  const auto real = real_path(file, "manifest");
  return parse_manifest(read_trusted_file(real, "manifest", manifest_size_max), real);
}

}  // namespace host::catalog

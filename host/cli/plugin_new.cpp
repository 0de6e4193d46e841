// `plugin new KIND ID`: writes a small project of a plugin that builds, runs and has a test, for its author to change.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/nearest.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "catalog/catalog.hpp"
#include "cli/commands.hpp"
#include "cli/template_files.hpp"

namespace host::cli {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> languages = {"cpp", "c", "rust"};

// What the placeholders of a template stand for.
struct Names {
  std::string id;          // @ID@: "org.example.town"
  std::string identifier;  // @NAME@, of files, targets and C: "org_example_town"
  std::string class_name;  // @CLASS@: "OrgExampleTown"
};

Names names_of(const std::string& id) {
  Names names{.id = id, .identifier = id, .class_name = ""};
  bool begins = true;
  for (auto& c : names.identifier) {
    if (c == '.' || c == '-') c = '_';
    if (c != '_') names.class_name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = c == '_';
  }
  const auto& name = names.class_name;
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) names.class_name = "Plugin" + name;
  return names;
}

std::string filled(std::string_view text, const Names& names) {
  std::string out(text);
  const std::pair<std::string_view, const std::string&> words[] = {
      {"@ID@", names.id}, {"@NAME@", names.identifier}, {"@CLASS@", names.class_name}};
  for (const auto& [placeholder, word] : words)
    for (auto at = out.find(placeholder); at != std::string::npos; at = out.find(placeholder, at + word.size()))
      out.replace(at, placeholder.size(), word);
  return out;
}

// Those of the kind in that language, and those that the language has for both.
std::vector<TemplateFile> files_of(const std::string& kind, const std::string& language) {
  const auto own = fmt::format("{}_{}", kind, language);
  std::vector<TemplateFile> out;
  for (const auto& file : template_files())
    if (file.folder == own || file.folder == language) out.push_back(file);
  return out;
}

void check_kind(const std::string& kind) {
  const std::vector<std::string> kinds = {"backend", "workload"};
  if (std::ranges::find(kinds, kind) == kinds.end())
    throw base::usage_error(fmt::format("plugin new: kind {} is not known{}; give backend or workload",
                                        base::in_quotes(kind), base::did_you_mean(kind, kinds)));
}

// Of two plugins with one id only the first that the search path has can be run.
void refuse_taken(const std::string& id) {
  if (const auto problem = catalog::id_problem(id); !problem.empty()) throw base::usage_error("plugin new: " + problem);
  const catalog::Catalog catalog(catalog::search_path(""));
  for (const auto& entry : catalog.entries())
    if (entry.manifest && (entry.manifest->id == id || entry.names.contains(id)))
      throw base::usage_error(fmt::format("plugin new: id {} is taken: the {} of {} has it; give another one",
                                          base::in_quotes(id), catalog::to_string(entry.manifest->kind),
                                          base::one_line(entry.file.string())));
}

// Never into a folder that exists, whatever is in it. One that could not be completed is removed again.
void write_project(const fs::path& folder, const std::vector<TemplateFile>& files, const Names& names) {
  const auto exists = [&] {
    return base::usage_error(fmt::format(
        "plugin new: {} exists already and is left as it is; name another folder with --dir, or remove it first",
        base::in_quotes(folder.string())));
  };
  if (fs::exists(fs::symlink_status(folder))) throw exists();
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path());
  if (!fs::create_directory(folder)) throw exists();
  try {
    for (const auto& file : files) {
      const auto path = folder / filled(file.path, names);
      fs::create_directories(path.parent_path());
      base::write_file(path, filled(file.text, names));
    }
  } catch (...) {
    std::error_code kept;
    fs::remove_all(folder, kept);
    throw;
  }
}

// Where the CMake package SagePluginApi is, as words of CMake's; of a build tree it has to be installed first.
std::string package_words(std::string& commands) {
  const auto plugins = catalog::shipped_plugins();  // PREFIX/lib/sage-host/plugins
  if (plugins.empty()) return " -DCMAKE_PREFIX_PATH=PREFIX";
  const auto prefix = plugins.parent_path().parent_path().parent_path();
  if (!fs::exists(prefix / "CMakeCache.txt")) return " -DCMAKE_PREFIX_PATH=" + base::shell_word(prefix.string());
  const auto installed = (prefix / "prefix").string();
  commands += fmt::format("  cmake --install {} --prefix {} --component plugin_api\n",
                          base::shell_word(prefix.string()), base::shell_word(installed));
  return fmt::format(" -DCMAKE_PREFIX_PATH={} -DSAGE_HOST={}", base::shell_word(installed),
                     base::shell_word((prefix / "bin" / "sage-host").string()));
}

std::string next_commands(const fs::path& folder, const std::string& kind, const std::string& language,
                          const std::string& id) {
  std::string out;
  auto library = folder / "build";
  if (language == "rust") {
    const auto manifest = base::shell_word((folder / "Cargo.toml").string());
    library = folder / "target" / "release";
    for (const auto* step : {"build", "test"})
      out += fmt::format("  cargo {} --release --offline --manifest-path {}\n", step, manifest);
  } else {
    const auto package = package_words(out);
    const auto build = base::shell_word(library.string());
    out += fmt::format("  cmake -S {} -B {}{}\n  cmake --build {}\n  ctest --test-dir {} --output-on-failure\n",
                       base::shell_word(folder.string()), build, package, build, build);
  }
  const bool backend = kind == "backend";
  return out + fmt::format("  sage-host run --workload {} --backend {} --quick --plugin-path {}\n", backend ? "q1" : id,
                           backend ? id : "threads", base::shell_word(library.string()));
}

}  // namespace

const std::vector<catalog::Flag>& new_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::text_option("lang", "cpp", "language that it is written in", languages)},
      {.spec = catalog::text_option("dir", "", "folder to write, which must not exist yet; without it ./ID"),
       .placeholder = "DIR"},
  };
  return flags;
}

base::Exit new_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = new_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 2);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.positional.size() < 2)
    throw base::usage_error(
        "plugin new: of what kind, and with which id? usage: sage-host plugin new backend|workload ID");
  const auto& kind = arguments.positional[0];
  const auto& id = arguments.positional[1];
  check_kind(kind);
  const auto language = arguments.text("lang", "cpp");
  catalog::check_option(flags[0].spec, language, "--lang");
  refuse_taken(id);
  const auto files = files_of(kind, language);
  const auto names = names_of(id);
  const auto* given = arguments.find("dir");
  if (given != nullptr && given->text.empty()) throw base::usage_error("flag --dir needs the name of a folder");
  auto folder = fs::path(given == nullptr ? id : given->text).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "mine/"
  try {
    write_project(folder, files, names);
  } catch (const fs::filesystem_error& e) {
    throw base::file_error(e);
  }
  fmt::print("{}: {} '{}' in {}\n", base::one_line(folder.string()), kind, id, language);
  for (const auto& file : files) fmt::print("  {}\n", filled(file.path, names));
  fmt::print("\nnext (README.md there says more):\n{}", next_commands(folder, kind, language, id));
  return base::Exit::ok;
}

}  // namespace host::cli

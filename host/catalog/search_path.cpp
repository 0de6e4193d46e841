#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/split.hpp"
#include "catalog/catalog.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

// Empty when unset, and in a set-uid process.
std::string_view environment(const char* name) {
  const char* value = ::secure_getenv(name);
  return value == nullptr ? "" : value;
}

// The absolute ones of an environment list; a relative one would mean something else in every folder.
void append_absolute(std::string_view list, const fs::path& below, std::vector<fs::path>& out) {
  for (const fs::path folder : base::split(list, ':'))
    if (folder.is_absolute()) out.push_back(below.empty() ? folder : folder / below);
}

constexpr auto added = "SAGE_ADD_PLUGIN_PATH";

void refuse_broken(const char* source, const std::vector<fs::path>& folders) {
  const Catalog catalog(folders);
  for (const auto& entry : catalog.entries())
    if (entry.state == CatalogEntry::State::broken)
      throw base::usage_error(fmt::format("{}: {}", source, entry.reason));
}

void append_given(const std::string& plugin_path, std::vector<fs::path>& out) {
  for (const fs::path folder : base::split(plugin_path, ':')) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
      throw base::usage_error(
          fmt::format("--plugin-path: {} is not a folder; give folders that hold manifests, separated by ':'",
                      base::in_quotes(folder.string())));
    out.push_back(fs::absolute(folder));
  }
}

}  // namespace

fs::path shipped(std::string_view below) {
  std::error_code error;
  const auto executable = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : executable.parent_path().parent_path() / below;
}

fs::path shipped_plugins() { return shipped("lib/sage-host/plugins"); }

fs::path home_folder() {
  fs::path home = environment("HOME");
  if (home.is_absolute()) return home;
  passwd row{};
  passwd* found = nullptr;
  std::array<char, 16384> text{};
  if (::getpwuid_r(::geteuid(), &row, text.data(), text.size(), &found) != 0 || found == nullptr) return {};
  home = found->pw_dir;
  return home.is_absolute() ? home : fs::path();
}

std::vector<fs::path> search_path(const std::string& plugin_path) {
  std::vector<fs::path> out;
  append_given(plugin_path, out);
  append_absolute(environment(added), "", out);
  if (const auto replacement = environment("SAGE_PLUGIN_PATH"); !replacement.empty()) {
    append_absolute(replacement, "", out);
    return out;
  }
  const fs::path in_data = "sage/manifests";
  if (const auto home = environment("XDG_DATA_HOME"); !home.empty()) {
    append_absolute(home, in_data, out);
  } else {
    append_absolute(home_folder().string(), ".local/share" / in_data, out);
  }
  if (auto shipped = shipped_plugins(); !shipped.empty()) out.push_back(std::move(shipped));
  const auto dirs = environment("XDG_DATA_DIRS");
  append_absolute(dirs.empty() ? "/usr/local/share:/usr/share" : dirs, in_data, out);
  return out;
}

Catalog open_catalog(const std::string& plugin_path) {
  std::vector<fs::path> given, of_environment;
  append_given(plugin_path, given);
  append_absolute(environment(added), "", of_environment);
  refuse_broken("--plugin-path", given);
  refuse_broken(added, of_environment);
  return Catalog(search_path(plugin_path));
}

}  // namespace host::catalog

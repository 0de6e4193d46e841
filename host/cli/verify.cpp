// `verify`: are archived results what was written, and are the plugins still those that made them?
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

#include "archive/verify.hpp"
#include "base/hash.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "base/table_text.hpp"
#include "catalog/catalog.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {
namespace {

namespace fs = std::filesystem;
using State = archive::VerifyFinding::State;

struct Folder {
  fs::path path;
  bool pair = false;
  std::string unchecked = {};  // why it cannot be checked; empty = it can
};

// Links are not followed, so there is no loop.
std::vector<Folder> find_folders(const fs::path& root) {
  std::vector<Folder> out;
  std::error_code error;
  const auto has = [&](const fs::path& folder, const char* name) { return fs::exists(folder / name, error); };
  const auto look = [&](const fs::path& folder) {
    if (::access(folder.c_str(), R_OK | X_OK) != 0) return out.push_back({folder, false, "it cannot be read"});
    const bool run = has(folder, "repro_manifest.json");
    const bool pair = has(folder, "manifest.json") && fs::is_directory(folder / "cells", error);
    if (run) out.push_back({folder, false});
    if (pair) out.push_back({folder, true});
    if (!run && !pair && (has(folder, "records.jsonl") || has(folder, "run.log")))
      out.push_back({folder, false, "it has no repro_manifest.json: the run was killed, or is not done"});
  };
  if (!fs::is_directory(root, error))
    throw base::usage_error(fmt::format("{}: there is no such folder; name one with results in it", root.string()));
  look(root);
  for (fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end; it != end;
       it.increment(error))
    if (it->is_directory(error)) {
      if (it->is_symlink(error))
        out.push_back({it->path(), false, "it is a link, which is not followed; name the folder itself"});
      else
        look(it->path());
    }
  std::ranges::sort(out, {}, &Folder::path);
  return out;
}

// The plugins of this installation against those of the run.
class Plugins {
 public:
  explicit Plugins(const std::string& path) : catalog_(catalog::search_path(path)) {}

  void check(const fs::path& folder, bool strict, std::vector<archive::VerifyFinding>& to) {
    const auto manifest = base::parse_json_file(folder / "repro_manifest.json");
    if (!manifest.is_object() || !manifest.contains("environment") || !manifest["environment"].is_object()) return;
    for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend}) {
      const auto part = manifest["environment"].value(catalog::to_string(kind), nlohmann::json());
      if (!part.is_object()) continue;
      const auto id = part.value("id", nlohmann::json());
      const auto hash = part.value("library_sha256", nlohmann::json());
      if (!id.is_string() || !hash.is_string()) continue;
      const auto now = installed(kind, id.get<std::string>());
      const bool same = now == hash.get<std::string>();
      const auto state = same ? State::ok : strict ? State::failed : State::note;
      to.push_back({state, fmt::format("{} {}", catalog::to_string(kind), id.get<std::string>()),
                    same          ? "the installed plugin is the one that ran"
                    : now.empty() ? "the plugin that ran is not installed"
                                  : "the installed plugin is not the one that ran"});
    }
  }

 private:
  // Its SHA-256; empty if there is none.
  std::string installed(catalog::PluginKind kind, const std::string& id) {
    const auto [it, added] = known_.try_emplace(fmt::format("{} {}", catalog::to_string(kind), id));
    if (!added) return it->second;
    try {
      it->second = base::sha256_file(catalog_.find(kind, id).library);
    } catch (const base::Error&) {
      it->second.clear();
    }
    return it->second;
  }
  catalog::Catalog catalog_;
  std::map<std::string, std::string> known_;
};

const std::vector<catalog::Flag>& verify_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::toggle("strict", "also fail where an installed plugin is not the one that ran")},
      {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"},
      {.spec = catalog::toggle("verbose", "also list the checks that passed"), .letter = 'v'},
  };
  return flags;
}

const char* text_of(State state) { return state == State::ok ? "  ok" : state == State::note ? "  note" : "  FAILED"; }

}  // namespace

base::Exit verify_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, verify_flags(), command.name, 10'000);
  if (arguments.help) {
    fmt::print("{}", command_help(command, verify_flags()));
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) throw base::usage_error("verify: name folders with results, such as 'results'");
  const auto on = [&](const char* name) { return arguments.on(name); };
  Plugins plugins(arguments.text("plugin_path"));
  size_t folders = 0;
  size_t checks = 0;
  size_t failed = 0;
  for (const auto& root : arguments.positional) {
    for (const auto& folder : find_folders(root)) {
      using Findings = std::vector<archive::VerifyFinding>;
      auto findings = !folder.unchecked.empty() ? Findings{{State::failed, "not checked", folder.unchecked}}
                      : folder.pair             ? archive::verify_pair(folder.path)
                                                : archive::verify_run(folder.path);
      if (!folder.pair && folder.unchecked.empty()) plugins.check(folder.path, on("strict"), findings);
      ++folders;
      checks += findings.size();
      const auto bad = std::ranges::count(findings, State::failed, &archive::VerifyFinding::state);
      failed += static_cast<size_t>(bad);
      base::Table table;
      for (const auto& finding : findings)
        if (on("verbose") || finding.state != State::ok)
          table.push_back({text_of(finding.state), finding.what, finding.detail});
      fmt::print("{}: {}\n{}", base::one_line(folder.path.string()),
                 bad == 0 ? fmt::format("ok, {} checks", findings.size()) : fmt::format("{} FAILED", bad),
                 base::format_table(table));
    }
  }
  if (folders == 0)
    throw base::usage_error(
        "verify: no folder there has a repro_manifest.json or is a paired run; nothing was verified");
  fmt::print("{} folder{}, {} checks, {} failed\n", folders, folders == 1 ? "" : "s", checks, failed);
  return failed == 0 ? base::Exit::ok : base::Exit::failed;
}

}  // namespace host::cli

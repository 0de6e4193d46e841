// `verify`: are archived results what was written, and are the plugins still those that made them?
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "archive/checklist.hpp"
#include "archive/verify.hpp"
#include "base/hash.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "base/table_text.hpp"
#include "catalog/catalog.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& verify_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::toggle("strict", "also fail where an installed plugin is not the one that ran")},
      {.spec = catalog::toggle("checklist", "answer what reviewers ask of an evaluation, from what lies there")},
      {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"},
      {.spec = catalog::toggle("verbose", "also list the checks that passed"), .letter = 'v'},
  };
  return flags;
}

namespace {

namespace fs = std::filesystem;
using State = archive::VerifyFinding::State;

struct Folder {
  fs::path path;
  enum class Kind { run, pair, experiment } kind = Kind::run;
  std::string problem = {};  // why nothing in it can be checked
};

// Links are followed, as `compare` does; each folder once.
class Search {
 public:
  std::vector<Folder> below(const fs::path& root) {
    std::error_code error;
    if (!fs::is_directory(root, error))
      throw base::usage_error(fmt::format("{}: there is no such folder; name one with results in it", root.string()));
    look(root);
    std::ranges::sort(out_, {}, &Folder::path);
    return std::move(out_);
  }

 private:
  void look(const fs::path& folder) {
    std::error_code error;
    if (const auto real = fs::canonical(folder, error); error || !seen_.insert(real).second) return;
    const auto has = [&](const char* name) { return fs::is_regular_file(folder / name, error); };
    const bool cells = fs::is_directory(folder / "cells", error);
    // What a paired run has brought together under backends/ is checked with it.
    const bool collected = folder.parent_path().filename() == "backends";
    if (cells && has("manifest.json"))
      out_.push_back({folder, Folder::Kind::pair});
    else if (cells && has("state.json") && has("experiment.toml"))
      out_.push_back({folder, Folder::Kind::experiment});
    else if (has("repro_manifest.json") ||
             (!collected && (has("unified_results.jsonl") || has("records.jsonl") || has("run.log"))))
      out_.push_back({folder});
    fs::directory_iterator it(folder, error), end;
    if (error) out_.push_back({folder, Folder::Kind::run, "cannot be read: " + error.message()});
    for (; !error && it != end; it.increment(error))
      if (it->is_directory(error)) look(it->path());
  }

  std::vector<Folder> out_;
  std::set<fs::path> seen_;
};

// The plugins of this installation against those of the run.
class Plugins {
 public:
  explicit Plugins(const std::string& path) : catalog_(catalog::open_catalog(path)) {}

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

const char* text_of(State state) { return state == State::ok ? "  ok" : state == State::note ? "  note" : "  FAILED"; }

std::vector<archive::VerifyFinding> findings_of(const Folder& folder) {
  if (!folder.problem.empty()) return {{State::failed, "folder", folder.problem}};
  switch (folder.kind) {
    case Folder::Kind::pair:
      return archive::verify_pair(folder.path);
    case Folder::Kind::experiment:
      return archive::verify_experiment(folder.path);
    case Folder::Kind::run:
      break;
  }
  return archive::verify_run(folder.path);
}

// Exit::failed if an answer is no.
base::Exit print_checklist(const std::string& root) {
  std::vector<fs::path> runs;
  for (const auto& folder : Search().below(root))
    if (folder.kind == Folder::Kind::run && folder.problem.empty() && folder.path.parent_path().filename() != "probes")
      runs.push_back(folder.path);
  if (runs.empty())
    throw base::usage_error(fmt::format(
        "verify --checklist: no run is in {}; name the folder of a run, of a paired run or of an experiment",
        base::one_line(root)));
  fmt::print("{}: {} run{}\n", base::one_line(root), runs.size(), runs.size() == 1 ? "" : "s");
  base::Table table;
  std::map<archive::Answer, size_t> answers;
  std::string topic;
  for (const auto& line : archive::checklist(runs)) {
    ++answers[line.answer];
    table.push_back(
        {line.topic == topic ? "" : line.topic, to_string(line.answer), line.statement, line.value, line.place});
    topic = line.topic;
  }
  fmt::print("{}{} yes, {} no, {} not recorded\n", base::format_table(table), answers[archive::Answer::yes],
             answers[archive::Answer::no], answers[archive::Answer::not_recorded]);
  return answers[archive::Answer::no] == 0 ? base::Exit::ok : base::Exit::failed;
}

}  // namespace

base::Exit verify_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, verify_flags(), command.name, 10'000);
  if (arguments.help) {
    fmt::print("{}", command_help(command, verify_flags()));
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) throw base::usage_error("verify: name folders with results, such as 'results'");
  const auto on = [&](const char* name) { return arguments.on(name); };
  if (on("checklist")) {
    auto exit = base::Exit::ok;
    for (const auto& root : arguments.positional)
      if (print_checklist(root) != base::Exit::ok) exit = base::Exit::failed;
    return exit;
  }
  Plugins plugins(arguments.text("plugin_path"));
  size_t folders = 0;
  size_t checks = 0;
  size_t failed = 0;
  for (const auto& root : arguments.positional) {
    for (const auto& folder : Search().below(root)) {
      auto findings = findings_of(folder);
      if (folder.kind == Folder::Kind::run) plugins.check(folder.path, on("strict"), findings);
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
        "verify: no folder there has a repro_manifest.json, or is a paired run or an experiment; nothing was verified");
  fmt::print("{} folder{}, {} checks, {} failed\n", folders, folders == 1 ? "" : "s", checks, failed);
  return failed == 0 ? base::Exit::ok : base::Exit::failed;
}

}  // namespace host::cli

// `completion SHELL`: the script of a shell, and the names that it asks for while someone types.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "base/split.hpp"
#include "catalog/catalog.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"
#include "cli/completion/model.hpp"
#include "metrics/definitions.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& completion_flags() {
  static const std::vector<catalog::Flag> flags = {{.spec = cell::run_option("plugin_path"), .placeholder = "A:B"}};
  return flags;
}

namespace {

const std::vector<std::string>& questions() {
  static const std::vector<std::string> names = {"bash",     "zsh",     "fish",    "workloads",
                                                 "backends", "plugins", "metrics", "options"};
  return names;
}

// Ids of what can be used; what is broken is passed over, since nobody reads a warning while a word is completed.
std::vector<std::string> ids(const std::string& question, const std::string& plugin_path) {
  std::vector<std::string> out;
  const catalog::Catalog catalog(catalog::search_path(plugin_path));
  for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend})
    if (question == "plugins" || question == fmt::format("{}s", catalog::to_string(kind)))
      for (const auto* manifest : catalog.all(kind)) out.push_back(manifest->id);
  return out;
}

// The flags of plugins; whatever is none, as what is still being typed, is passed over.
std::vector<std::string> options(const std::string& named, const std::string& plugin_path) {
  std::vector<std::string> out;
  const catalog::Catalog catalog(catalog::search_path(plugin_path));
  for (const auto& name : base::split(named, ',')) {
    for (const auto kind : {catalog::PluginKind::workload, catalog::PluginKind::backend}) {
      try {
        for (const auto& spec : catalog.find(kind, name).options) out.push_back(catalog::option_flag(spec.name));
      } catch (const base::Error&) {
      }
    }
  }
  return out;
}

std::vector<std::string> names(const std::string& question, const Arguments& arguments) {
  const auto plugin_path = arguments.text("plugin_path");
  if (question == "metrics") return metrics::metric_names();
  if (question != "options") return ids(question, plugin_path);
  return options(arguments.positional.size() < 2 ? "" : arguments.positional[1], plugin_path);
}

std::string answer(const std::string& question, const Arguments& arguments) {
  if (question == "bash") return completion::bash_script();
  if (question == "zsh") return completion::zsh_script();
  if (question == "fish") return completion::fish_script();
  std::string out;
  for (const auto& name : names(question, arguments)) out += name + "\n";
  return out;
}

}  // namespace

base::Exit completion_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = completion_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 2);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) throw base::usage_error("completion: for which shell? give bash, zsh or fish");
  const auto& question = arguments.positional[0];
  if (arguments.positional.size() > 1 && question != "options")
    throw base::usage_error(fmt::format("completion {}: unexpected argument {}", base::one_line(question),
                                        base::in_quotes(arguments.positional[1])));
  if (std::ranges::find(questions(), question) == questions().end())
    throw base::usage_error(
        fmt::format("completion: {} is no shell that there is a script for{}; give bash, zsh or fish",
                    base::in_quotes(question), base::did_you_mean(question, questions())));
  fmt::print("{}", answer(question, arguments));
  return base::Exit::ok;
}

}  // namespace host::cli

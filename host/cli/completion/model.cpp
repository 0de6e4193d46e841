#include "cli/completion/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cli/commands.hpp"
#include "load/load.hpp"

namespace host::cli::completion {
namespace {

constexpr std::array value_names = {"none", "text",      "choices",  "file",    "folder",  "folders",
                                    "path", "workloads", "backends", "plugins", "metrics", "commands"};

// The definitions say it by what stands for the value in help: DIR is a folder, FILE a file, ID a plugin.
Value value_of(const catalog::Flag& flag) {
  const auto& name = flag.placeholder;
  if (flag.spec.type == catalog::OptionType::boolean) return Value::none;
  if (!flag.spec.choices.empty()) return Value::choices;
  if (name == "DIR") return Value::folder;
  if (name == "A:B") return Value::folders;
  if (name.starts_with("FILE") || name == "PROGRAM" || flag.spec.name == "trace") return Value::file;
  if (name.starts_with("ID")) return flag.spec.name == "workload" ? Value::workloads : Value::backends;
  return Value::text;
}

Flag flag_of(const catalog::Flag& flag) {
  Flag out{.names = {catalog::option_flag(flag.spec.name)},
           .meaning = flag.spec.help,
           .value = value_of(flag),
           .value_name = value_name(flag),
           .choices = flag.spec.choices,
           .list = flag.placeholder.find(',') != std::string::npos,
           .repeatable = flag.repeatable};
  if (flag.letter != 0) out.names.push_back(fmt::format("-{}", flag.letter));
  for (const auto& alias : flag.aliases) out.names.push_back(catalog::option_flag(alias));
  return out;
}

Value value_of(Operand operand) {
  switch (operand) {
    case Operand::none:
      return Value::none;
    case Operand::paths:
      return Value::path;
    case Operand::file:
      return Value::file;
    case Operand::backend:
      return Value::backends;
    case Operand::plugin:
      return Value::plugins;
    case Operand::metric:
      return Value::metrics;
    case Operand::command:
      return Value::commands;
    case Operand::shell:
      return Value::choices;
  }
  return Value::none;
}

Command command_of(const cli::Command& command) {
  Command out{
      .name = std::string(command.name), .meaning = std::string(command.summary), .operand = value_of(command.operand)};
  if (command.operand == Operand::shell) out.choices = {"bash", "zsh", "fish"};
  if (command.flags != nullptr)
    for (const auto& flag : command.flags()) out.flags.push_back(flag_of(flag));
  if (command.with_load)
    for (const auto& spec : load::load_options()) out.flags.push_back(flag_of({.spec = spec}));
  out.flags.push_back({.names = {"--help", "-h"}, .meaning = "usage, flags and examples"});
  return out;
}

}  // namespace

std::string_view to_string(Value value) { return value_names.at(static_cast<size_t>(value)); }

std::vector<Command> commands() {
  std::vector<Command> out;
  for (const auto& command : cli::commands()) out.push_back(command_of(command));
  return out;
}

std::vector<Word> first_words() {
  std::vector<Word> out;
  for (const auto& command : cli::commands())
    if (command.name.find(' ') == std::string_view::npos)
      out.push_back({std::string(command.name), std::string(command.summary)});
  for (const auto& group : command_groups()) {
    std::vector<std::string> below;
    for (const auto& each : second_words(group)) below.push_back(each.word);
    out.push_back({group, fmt::format("commands: {}", fmt::join(below, ", "))});
  }
  return out;
}

std::vector<Word> second_words(std::string_view group) {
  std::vector<Word> out;
  for (const auto& command : cli::commands())
    if (command.name.starts_with(fmt::format("{} ", group)))
      out.push_back({std::string(command.name.substr(group.size() + 1)), std::string(command.summary)});
  return out;
}

std::vector<std::string> plugin_flags() {
  std::vector<std::string> out;
  for (const auto& command : commands())
    for (const auto& flag : command.flags)
      for (const auto& name : flag.names)
        if (names_plugins(flag) && std::ranges::find(out, name) == out.end()) out.push_back(name);
  return out;
}

std::string shell_quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : " ") + shell_quoted(text);
  return out;
}

}  // namespace host::cli::completion

#include "cli/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sage/abi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/nearest.hpp"
#include "base/table_text.hpp"
#include "cell/process.hpp"

namespace host::cli {
namespace {

constexpr size_t width = 80;  // of a terminal, which every --help fits in

std::string summaries(std::string_view below) {
  base::Table table;
  for (const auto& command : commands())
    if (command.name.starts_with(below))
      table.push_back({fmt::format("  {}", command.name), std::string(command.summary)});
  return base::format_table(table, {.wrap_width = width});
}

std::string overview() {
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : exit_meanings())
    codes.push_back(fmt::format("{} {}", static_cast<int>(code), meaning));
  return base::wrap_text(
             "sage-host runs a workload on a backend, accounts for every request and writes comparable records.",
             width) +
         fmt::format("\nusage: sage-host COMMAND [flags]\n\n{}\n", summaries("")) +
         "A first run, its result in results/<run id>/:\n"
         "  sage-host run --workload q6 --backend threads --quick\n\n" +
         base::wrap_text(fmt::format("'sage-host COMMAND --help' tells more. Exit codes: {}.", fmt::join(codes, ", ")),
                         width);
}

// "plugin" of "plugin check"; empty for a command of one word.
std::string_view group_of(std::string_view name) {
  const auto space = name.find(' ');
  return space == std::string_view::npos ? "" : name.substr(0, space);
}

bool is_group(std::string_view name) {
  return !name.empty() &&
         std::ranges::any_of(commands(), [&](const auto& each) { return group_of(each.name) == name; });
}

// The nearest by its first word, or else a command of two words whose second word is near.
[[noreturn]] void refuse_command(const std::string& name) {
  std::vector<std::string> names = command_groups();
  std::vector<std::string> second;
  for (const auto& command : commands()) {
    names.emplace_back(command.name);
    if (const auto group = group_of(command.name); !group.empty())
      second.emplace_back(command.name.substr(group.size() + 1));
  }
  auto hint = base::did_you_mean(name, names);
  if (const auto near = base::nearest(name, second); hint.empty() && near)
    for (const auto& command : commands())
      if (command.name.ends_with(" " + *near)) hint = base::did_you_mean(command.name, {std::string(command.name)});
  throw base::usage_error(fmt::format("unknown command '{}'{}; 'sage-host help' lists the commands", name, hint));
}

[[noreturn]] void refuse_subcommand(std::string_view group, std::span<const std::string> rest) {
  std::vector<std::string> names;
  for (const auto& command : commands())
    if (group_of(command.name) == group) names.emplace_back(command.name.substr(group.size() + 1));
  if (rest.empty())
    throw base::usage_error(fmt::format("{}: which of its commands? there is: {}; 'sage-host {} --help' tells more",
                                        group, fmt::join(names, ", "), group));
  throw base::usage_error(fmt::format("unknown command '{} {}'{}; 'sage-host {} --help' lists the commands", group,
                                      rest[0], base::did_you_mean(rest[0], names), group));
}

// Of words that name no command: the help of a group, or a refusal.
base::Exit answer_others(std::span<const std::string> words, bool help) {
  if (!is_group(words[0])) refuse_command(words[0]);
  const bool asked = words.size() > 1 && (words[1] == "--help" || words[1] == "-h");
  if (!asked && !(help && words.size() == 1)) refuse_subcommand(words[0], words.subspan(1));
  fmt::print("{}", group_help(words[0]));
  return base::Exit::ok;
}

int descriptor(const std::string& text) {
  int fd = -1;
  std::from_chars(text.data(), text.data() + text.size(), fd);
  return fd;
}

}  // namespace

// "plugin check" is two words.
const Command* find_command(std::span<const std::string> args, size_t& words) {
  for (words = 2; words >= 1; --words) {
    if (args.size() < words) continue;
    const auto name = words == 2 ? args[0] + " " + args[1] : args[0];
    const auto it = std::ranges::find(commands(), name, &Command::name);
    if (it != commands().end()) return &*it;
  }
  return nullptr;
}

const Command& command_called(std::span<const std::string> words) {
  size_t used = 0;
  const auto* command = find_command(words, used);
  if (command == nullptr && is_group(words[0])) refuse_subcommand(words[0], words.subspan(1));
  if (command == nullptr) refuse_command(words[0]);
  if (used < words.size()) refuse_command(words[0] + " " + words[1]);
  return *command;
}

std::vector<std::string> command_groups() {
  std::vector<std::string> out;
  for (const auto& command : commands())
    if (const std::string group(group_of(command.name)); !group.empty() && std::ranges::find(out, group) == out.end())
      out.push_back(group);
  return out;
}

std::string group_help(std::string_view group) {
  return fmt::format("usage: sage-host {} COMMAND [flags]\n\n{}\n'sage-host {} COMMAND --help' tells more.\n", group,
                     summaries(fmt::format("{} ", group)), group);
}

std::string command_help(const Command& command, std::span<const catalog::Flag> flags) {
  auto text = base::wrap_text(fmt::format("sage-host {}: {}", command.name, command.summary), width) + "\n" +
              base::wrap_text(fmt::format("usage: sage-host {} {}", command.name, command.usage), width, 11);
  if (!flags.empty()) text += "\nflags\n" + flags_help(flags);
  if (!command.examples.empty()) text += fmt::format("\nexamples\n{}", command.examples);
  return text;
}

base::Exit run_main(std::span<const std::string> args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", overview());
    return base::Exit::ok;
  }
  if (args[0] == "--version") return version_command(commands().back(), {});
  if (args[0] == "cell" && args.size() == 3) return cell::cell_command(descriptor(args[1]), descriptor(args[2]));
  size_t words = 0;
  const auto* command = find_command(args, words);
  if (command == nullptr) return answer_others(args, false);
  return command->run(*command, args.subspan(words));
}

base::Exit help_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name, 2);
  if (arguments.help || arguments.positional.empty()) {
    fmt::print("{}", overview());
    return base::Exit::ok;
  }
  size_t words = 0;
  const auto* about = find_command(arguments.positional, words);
  if (about == nullptr) return answer_others(arguments.positional, true);
  const std::array<std::string, 1> help = {"--help"};
  return about->run(*about, help);
}

base::Exit version_command(const Command& command, std::span<const std::string> args) {
  const auto arguments = parse_arguments(args, {}, command.name);
  if (arguments.help) {
    fmt::print("{}", command_help(command, {}));
    return base::Exit::ok;
  }
#ifdef NDEBUG
  constexpr auto build = "optimised";
#else
  constexpr auto build = "with assertions (not for measuring)";
#endif
  fmt::print("sage-host {}\nplugin ABI {}.{}\nbuild {}\ncompiler {}\n", SAGE_HOST_VERSION, SAGE_ABI_MAJOR,
             SAGE_ABI_MINOR, build, __VERSION__);
  return base::Exit::ok;
}

}  // namespace host::cli

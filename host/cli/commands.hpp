// The commands of sage-host, as a table: help, completion and manual pages are made of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/flags.hpp"

namespace host::cli {

// What a command takes beside flags.
enum class Operand { none, paths, file, backend, plugin, metric, command, shell };

struct Command {
  std::string_view name;          // "plugin check"
  std::string_view usage = {};    // what follows the name
  std::string_view summary;       // one line
  std::string_view details = {};  // paragraphs for its manual page, beside the summary
  std::string_view examples = {};
  Operand operand = Operand::none;
  const std::vector<catalog::Flag>& (*flags)() = nullptr;  // null = it has none
  bool with_load = false;                                  // it also has the host's load options, and those of plugins
  // Gets the arguments after its name. Throws Error.
  base::Exit (*run)(const Command& command, std::span<const std::string> args);
};

std::span<const Command> commands();
// The command whose words `args` begins with, and how many they are; null if there is none.
const Command* find_command(std::span<const std::string> args, size_t& words);
// The same, of words that must be a command and nothing else. Throws Error(usage) with the nearest.
const Command& command_called(std::span<const std::string> words);
// First words of commands that have two: "plugin".
std::vector<std::string> command_groups();

// What each exit code means.
struct ExitMeaning {
  base::Exit code;
  std::string_view text;
};
std::span<const ExitMeaning> exit_meanings();

// Usage, summary, and the commands of a group: "plugin" has "plugin check".
std::string group_help(std::string_view group);

// The whole program: finds the command and runs it.
base::Exit run_main(std::span<const std::string> args);

// Usage, summary, flags and examples of one command.
std::string command_help(const Command& command, std::span<const catalog::Flag> flags);

base::Exit run_command(const Command& command, std::span<const std::string> args);
base::Exit pair_command(const Command& command, std::span<const std::string> args);
base::Exit experiment_command(const Command& command, std::span<const std::string> args);
base::Exit rerun_command(const Command& command, std::span<const std::string> args);
base::Exit verify_command(const Command& command, std::span<const std::string> args);
base::Exit list_command(const Command& command, std::span<const std::string> args);
base::Exit describe_command(const Command& command, std::span<const std::string> args);
base::Exit explain_command(const Command& command, std::span<const std::string> args);
base::Exit compare_command(const Command& command, std::span<const std::string> args);
base::Exit report_command(const Command& command, std::span<const std::string> args);
base::Exit setup_command(const Command& command, std::span<const std::string> args);
base::Exit doctor_command(const Command& command, std::span<const std::string> args);
base::Exit new_command(const Command& command, std::span<const std::string> args);
base::Exit check_command(const Command& command, std::span<const std::string> args);
base::Exit completion_command(const Command& command, std::span<const std::string> args);
base::Exit man_command(const Command& command, std::span<const std::string> args);
base::Exit version_command(const Command& command, std::span<const std::string> args);
base::Exit help_command(const Command& command, std::span<const std::string> args);

// The flags of those that have any; `run` has cell::run_flags().
const std::vector<catalog::Flag>& pair_flags();
const std::vector<catalog::Flag>& experiment_flags();
const std::vector<catalog::Flag>& rerun_flags();
const std::vector<catalog::Flag>& verify_flags();
const std::vector<catalog::Flag>& list_flags();
const std::vector<catalog::Flag>& new_flags();
const std::vector<catalog::Flag>& check_flags();
const std::vector<catalog::Flag>& describe_flags();
const std::vector<catalog::Flag>& compare_flags();
const std::vector<catalog::Flag>& report_flags();
const std::vector<catalog::Flag>& setup_flags();
const std::vector<catalog::Flag>& doctor_flags();
const std::vector<catalog::Flag>& completion_flags();
const std::vector<catalog::Flag>& man_flags();

}  // namespace host::cli

// The commands of sage-host, as a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/flags.hpp"

namespace host::cli {

struct Command {
  std::string_view name;     // "plugin check"
  std::string_view usage;    // what follows the name
  std::string_view summary;  // one line
  std::string_view examples;
  // Gets the arguments after its name. Throws Error.
  base::Exit (*run)(const Command& command, std::span<const std::string> args);
};

std::span<const Command> commands();

// The whole program: finds the command and runs it.
base::Exit run_main(std::span<const std::string> args);

// Usage, summary, flags and examples of one command.
std::string command_help(const Command& command, std::span<const catalog::Flag> flags);

base::Exit run_command(const Command& command, std::span<const std::string> args);
base::Exit pair_command(const Command& command, std::span<const std::string> args);
base::Exit rerun_command(const Command& command, std::span<const std::string> args);
base::Exit verify_command(const Command& command, std::span<const std::string> args);
base::Exit list_command(const Command& command, std::span<const std::string> args);
base::Exit describe_command(const Command& command, std::span<const std::string> args);
base::Exit explain_command(const Command& command, std::span<const std::string> args);
base::Exit compare_command(const Command& command, std::span<const std::string> args);
base::Exit report_command(const Command& command, std::span<const std::string> args);
base::Exit setup_command(const Command& command, std::span<const std::string> args);
base::Exit doctor_command(const Command& command, std::span<const std::string> args);
base::Exit check_command(const Command& command, std::span<const std::string> args);
base::Exit version_command(const Command& command, std::span<const std::string> args);
base::Exit help_command(const Command& command, std::span<const std::string> args);

}  // namespace host::cli

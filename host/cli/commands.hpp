// The commands of sage-host, as a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.hpp"
#include "error.hpp"

namespace host {

struct Command {
  std::string_view name;     // "plugin check"
  std::string_view usage;    // what follows the name
  std::string_view summary;  // one line
  std::string_view examples;
  // Gets the arguments after its name. Throws Error.
  Exit (*run)(const Command& command, std::span<const std::string> args);
};

std::span<const Command> commands();

// The whole program: finds the command and runs it.
Exit run_main(std::span<const std::string> args);

// Usage, summary, flags and examples of one command.
std::string command_help(const Command& command, std::span<const Flag> flags);

Exit run_command(const Command& command, std::span<const std::string> args);
Exit pair_command(const Command& command, std::span<const std::string> args);
Exit rerun_command(const Command& command, std::span<const std::string> args);
Exit verify_command(const Command& command, std::span<const std::string> args);
Exit list_command(const Command& command, std::span<const std::string> args);
Exit describe_command(const Command& command, std::span<const std::string> args);
Exit explain_command(const Command& command, std::span<const std::string> args);
Exit compare_command(const Command& command, std::span<const std::string> args);
Exit report_command(const Command& command, std::span<const std::string> args);
Exit setup_command(const Command& command, std::span<const std::string> args);
Exit doctor_command(const Command& command, std::span<const std::string> args);
Exit check_command(const Command& command, std::span<const std::string> args);
Exit version_command(const Command& command, std::span<const std::string> args);
Exit help_command(const Command& command, std::span<const std::string> args);

}  // namespace host

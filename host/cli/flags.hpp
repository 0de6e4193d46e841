// The command line, split into flags: which exist is data (OptionSpec), how they are split is Boost.Program_options'.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/flag.hpp"

namespace host::cli {

struct Arguments {
  std::vector<catalog::Given> flags;  // in the order given, by their first names
  std::vector<std::string> positional;
  std::vector<std::string> unknown;  // flags that are not among those asked for, as written
  bool help = false;                 // --help or -h

  [[nodiscard]] const catalog::Given* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] bool on(std::string_view name) const { return text(name) == "true"; }  // a switch
  // The text of a flag, or `otherwise`.
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
};

// Splits; hyphens and underscores are the same in names. Throws Error(usage) for a flag without its value or given
// twice.
Arguments split_arguments(std::span<const std::string> args, std::span<const catalog::Flag> flags);

// For a command that knows all its flags: also refuses unknown flags (with the nearest name) and more than
// `max_positional` other arguments. `command` is for the message.
Arguments parse_arguments(std::span<const std::string> args, std::span<const catalog::Flag> flags,
                          std::string_view command, size_t max_positional = 0);
void refuse_unknown(const Arguments& arguments, std::span<const catalog::Flag> flags, std::string_view command,
                    size_t max_positional = 0);

// Refuses the first unknown flag that resembles one of `flags`; others may be options of a plugin.
void refuse_misspelt(const Arguments& arguments, std::span<const catalog::Flag> flags, std::string_view command);

// The flags as an aligned block of help: "  --rate X   mean arrival rate (default 90, quick 200, in 1/s)".
std::string flags_help(std::span<const catalog::Flag> flags);

// "ID", "none|jsonl|binary", "N": what a flag takes, as help shows it; empty for a switch.
std::string value_name(const catalog::Flag& flag);

// "default 90, quick 200, at least 0.001, in 1/s": what a spec says beside its help.
std::string constraints(const catalog::OptionSpec& spec);

}  // namespace host::cli

// What a shell can complete, taken out of the tables of commands and flags: the same for every shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/quote.hpp"

namespace host::cli::completion {

// `text`: anything, so that nothing is offered. `workloads` to `metrics` are names that the binary is asked for.
enum class Value { none, text, choices, file, folder, folders, path, workloads, backends, plugins, metrics, commands };

// As it stands in the scripts: "choices".
std::string_view to_string(Value value);

struct Flag {
  std::vector<std::string> names;  // "--backend", "-b"; the first is its own
  std::string meaning;
  Value value = Value::none;
  std::string value_name = {};  // "ID"
  std::vector<std::string> choices = {};
  bool list = false;  // several values with commas between them
  bool repeatable = false;
};

// True for a flag that names plugins which have flags of their own.
inline bool names_plugins(const Flag& flag) { return flag.value == Value::workloads || flag.value == Value::backends; }

struct Command {
  std::string name;  // "plugin check"
  std::string meaning;
  std::vector<Flag> flags = {};  // with --help
  Value operand = Value::none;
  std::vector<std::string> choices = {};  // of the operand
};

std::vector<Command> commands();
// Words that may stand first, in order, each with its meaning: a group has the commands below it for one.
struct Word {
  std::string word;
  std::string meaning;
};
std::vector<Word> first_words();
// Words that may follow `group`.
std::vector<Word> second_words(std::string_view group);

// For bash and zsh: nothing within single quotes means anything.
using base::shell_quoted;
// Each of them quoted, with blanks between them.
std::string shell_quoted(const std::vector<std::string>& texts);

// Names of the flags that name plugins, of all commands.
std::vector<std::string> plugin_flags();

// The scripts.
std::string bash_script();
std::string zsh_script();
std::string fish_script();

}  // namespace host::cli::completion

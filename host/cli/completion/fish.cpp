// The script for fish: one `complete` a flag.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/completion/model.hpp"

namespace host::cli::completion {
namespace {

constexpr auto head = R"script(# Completion of sage-host for fish, printed by 'sage-host completion fish'.

# True when the command line, as far as it is typed, is that of one of these commands ('run', 'plugin check').
function __sage_host_in
    set -l words (commandline -opc)
    set -l name "$words[2]"
    contains -- "$name" $__sage_host_groups; and set name "$name $words[3]"
    contains -- "$name" $argv
end

# True when so many words stand before the one that is typed, and the first of them, if one is named, is this one.
function __sage_host_after
    set -l words (commandline -opc)
    test (count $words) -eq $argv[1]; or return 1
    test (count $argv) -eq 1; or contains -- "$words[$argv[1]]" $argv[2..-1]
end

# Names that the installed sage-host knows, one a line.
function __sage_host_ask
    command sage-host completion -- $argv 2>/dev/null </dev/null
end

# The flags of the plugins that are named on the command line.
function __sage_host_options
    set -l words (commandline -opc)
    set -l ids
    set -l takes no
    for word in $words
        test $takes = yes; and set -a ids $word
        set takes no
        set -l parts (string split -m 1 -- = $word)
        contains -- "$parts[1]" $__sage_host_plugin_flags; or continue
        test (count $parts) -eq 2; and set -a ids $parts[2]; or set takes yes
    end
    set -q ids[1]; and __sage_host_ask options (string join -- , $ids)
end

# The same for the last of several with commas between them.
function __sage_host_list
    set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string match -r -- '^.*,')
    for name in (__sage_host_ask $argv[1])
        echo "$before$name"
    end
end

# Folders with colons between them.
function __sage_host_folders
    set -l typed (commandline -ct | string replace -r -- '^--[^=]*=' '')
    set -l before (string match -r -- '^.*:' "$typed")
    for folder in (__fish_complete_directories (string replace -r -- '^.*:' '' "$typed") '')
        echo "$before$folder"
    end
end

complete -c sage-host -f
)script";

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// fish reads the argument of -a as its own text, so choices are quoted within it.
std::string choices_of(const std::vector<std::string>& choices) {
  std::string out;
  for (const auto& choice : choices) out += (out.empty() ? "" : " ") + fish_quoted(choice);
  return fish_quoted(out);
}

std::string arguments_of(Value value, const std::vector<std::string>& choices, bool list) {
  switch (value) {
    case Value::choices:
      return " -x -a " + choices_of(choices);
    case Value::file:
    case Value::path:
      return " -r -F";
    case Value::folder:
      return " -x -a '(__fish_complete_directories)'";
    case Value::folders:
      return " -x -a '(__sage_host_folders)'";
    case Value::workloads:
    case Value::backends:
    case Value::plugins:
    case Value::metrics:
      return fmt::format(" -x -a '({} {})'", list ? "__sage_host_list" : "__sage_host_ask", to_string(value));
    case Value::text:
      return " -x";
    case Value::none:
    case Value::commands:
      break;
  }
  return "";
}

std::string flag_line(const Command& command, const Flag& flag) {
  std::string names;
  for (const auto& name : flag.names)
    names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return fmt::format("complete -c sage-host -n {}{}{} -d {}\n",
                     fish_quoted(fmt::format("__sage_host_in {}", fish_quoted(command.name))), names,
                     arguments_of(flag.value, flag.choices, flag.list), fish_quoted(flag.meaning));
}

std::string word_lines(const std::string& when, const std::vector<Word>& words) {
  std::string out;
  for (const auto& each : words)
    out += fmt::format("complete -c sage-host -n {} -a {} -d {}\n", fish_quoted(when), fish_quoted(each.word),
                       fish_quoted(each.meaning));
  return out;
}

std::string operand_line(const Command& command) {
  if (command.operand == Value::none) return "";
  const auto when = fmt::format("__sage_host_in {}", fish_quoted(command.name));
  if (command.operand == Value::path || command.operand == Value::file)
    return fmt::format("complete -c sage-host -n {} -F\n", fish_quoted(when));
  if (command.operand == Value::commands) {
    auto out = word_lines(fmt::format("__sage_host_after 2 {}", fish_quoted(command.name)), first_words());
    for (const auto& group : command_groups())
      out += word_lines(when + fmt::format("; and __sage_host_after 3 {}", fish_quoted(group)), second_words(group));
    return out;
  }
  // -x belongs to flags.
  return fmt::format("complete -c sage-host -n {} {}\n", fish_quoted(when),
                     arguments_of(command.operand, command.choices, false).substr(4));
}

}  // namespace

std::string fish_script() {
  std::string groups;
  std::string out;
  out += word_lines("__sage_host_after 1", first_words());
  out +=
      "complete -c sage-host -n '__sage_host_after 1' -s h -l help -d 'the commands'\n"
      "complete -c sage-host -n '__sage_host_after 1' -l version -d 'versions of the host and of its plugin ABI'\n";
  for (const auto& group : command_groups()) {
    groups += " " + fish_quoted(group);
    out += word_lines(fmt::format("__sage_host_after 2 {}", fish_quoted(group)), second_words(group));
  }
  for (const auto& command : commands()) {
    out += "\n" + operand_line(command);
    for (const auto& flag : command.flags) out += flag_line(command, flag);
    if (std::ranges::any_of(command.flags, names_plugins))
      out += fmt::format("complete -c sage-host -n {} -a '(__sage_host_options)'\n",
                         fish_quoted(fmt::format("__sage_host_in {}", fish_quoted(command.name))));
  }
  std::string plugins;
  for (const auto& name : plugin_flags()) plugins += " " + fish_quoted(name);
  return head + fmt::format("set -g __sage_host_groups{}\nset -g __sage_host_plugin_flags{}\n\n", groups, plugins) +
         out;
}

}  // namespace host::cli::completion

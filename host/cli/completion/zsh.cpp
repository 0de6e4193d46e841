// The script for zsh: one list of specifications for `_arguments` a command.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/completion/model.hpp"

namespace host::cli::completion {
namespace {

constexpr auto head = R"script(#compdef sage-host
# Completion of sage-host for zsh, printed by 'sage-host completion zsh'.

# Names that the installed sage-host knows, one a line; with 'list' behind it, several with commas between them.
_sage_host_ask() {
  local -a names
  names=(${(f)"$(command sage-host completion "$1" 2>/dev/null </dev/null)"})
  if [[ $2 == list ]]; then
    compset -P '*,'
    compset -S ',*'
    compadd -q -S , -a names
  else
    compadd -a names
  fi
}

# Adds the flags of the plugins that are named on the command line to `specs`.
_sage_host_options() {
  local -a ids flags
  local i
  for ((i = 2; i < CURRENT; ++i)); do
    (( ${_sage_host_plugin_flags[(Ie)${words[i]%%=*}]} )) || continue
    if [[ $words[i] == *=* ]]; then ids+=("${words[i]#*=}"); else ids+=("$words[i+1]"); fi
  done
  (( $#ids )) || return
  flags=(${(f)"$(command sage-host completion -- options "${(j:,:)ids}" 2>/dev/null </dev/null)"})
  for i in $flags; do specs+=("($i)$i=[an option of the plugins]:value: "); done
}

_sage_host_second_named() { _sage_host_second "$words[2]"; }
_sage_host_workloads() { _sage_host_ask workloads list; }
_sage_host_backends() { _sage_host_ask backends; }
_sage_host_backend_list() { _sage_host_ask backends list; }
_sage_host_plugins() { _sage_host_ask plugins; }
_sage_host_metrics() { _sage_host_ask metrics; }
_sage_host_folders() { _files -/; }
_sage_host_folder_list() {
  compset -P '*:'
  _files -/ -S :
}

)script";

constexpr auto tail = R"script(
_sage_host() {
  local curcontext=$curcontext state line name
  local -A opt_args
  local -a specs
  _arguments -C \
    '(- *)'{-h,--help}'[the commands]' \
    '(- *)--version[versions of the host and of its plugin ABI]' \
    '1: :_sage_host_first' \
    '*:: :->rest' && return
  [[ $state == rest ]] || return 1
  name=$words[1]
  if _sage_host_group "$name"; then
    if ((CURRENT == 2)); then
      _sage_host_second "$name"
      return
    fi
    shift words
    ((CURRENT -= 1))
    name="$name $words[1]"
  fi
  _sage_host_specs "$name"
  _sage_host_options
  _arguments -S : "${specs[@]}"
}

# Loaded from a folder of $fpath, this file is the body of a function; read by 'source', it only says what there is.
if [[ ${funcstack[1]} == _sage-host ]]; then
  _sage_host "$@"
else
  compdef _sage_host sage-host
fi
)script";

// Within a specification, brackets end a meaning and colons a field.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The choices are quoted once more: zsh reads an action as its own text.
std::string action_of(Value value, const std::vector<std::string>& choices, bool list) {
  switch (value) {
    case Value::choices:
      return fmt::format("({})", shell_quoted(choices));
    case Value::file:
    case Value::path:
      return "_files";
    case Value::folder:
      return "_sage_host_folders";
    case Value::folders:
      return "_sage_host_folder_list";
    case Value::workloads:
      return "_sage_host_workloads";
    case Value::backends:
      return list ? "_sage_host_backend_list" : "_sage_host_backends";
    case Value::plugins:
      return "_sage_host_plugins";
    case Value::metrics:
      return "_sage_host_metrics";
    case Value::commands:
      return "_sage_host_first";
    case Value::none:
    case Value::text:
      break;
  }
  return " ";  // anything, and nothing is offered
}

std::string flag_specs(const Flag& flag) {
  std::string all;
  for (const auto& name : flag.names) all += (all.empty() ? "" : " ") + name;
  std::string out;
  for (const auto& name : flag.names) {
    const auto once = flag.repeatable ? std::string("*") : fmt::format("({})", all);
    const bool takes = flag.value != Value::none;
    auto spec = once + name + (!takes ? "" : name.starts_with("--") ? "=" : "+") + "[" + escaped(flag.meaning) + "]";
    if (takes) spec += fmt::format(":{}:{}", escaped(flag.value_name), action_of(flag.value, flag.choices, flag.list));
    out += fmt::format("        {}\n", shell_quoted(spec));
  }
  return out;
}

std::string operand_spec(const Command& command) {
  if (command.operand == Value::none) return "";
  const auto many = command.operand == Value::path ? "*" : "1";
  const auto action = action_of(command.operand, command.choices, false);
  auto out = fmt::format("        {}\n", shell_quoted(fmt::format("{}: :{}", many, action)));
  if (command.operand == Value::commands)
    out += fmt::format("        {}\n", shell_quoted("2: :_sage_host_second_named"));
  return out;
}

// 'run:run workloads ...' of each, as `_describe` reads it.
std::string described(const std::vector<Word>& words) {
  std::string out;
  for (const auto& each : words) out += fmt::format("    {}\n", shell_quoted(each.word + ":" + escaped(each.meaning)));
  return out;
}

}  // namespace

std::string zsh_script() {
  std::string specs, seconds, groups;
  for (const auto& command : commands()) {
    specs += fmt::format("    {})\n      specs=(\n", shell_quoted(command.name));
    for (const auto& flag : command.flags) specs += flag_specs(flag);
    specs += operand_spec(command) + "      )\n      ;;\n";
  }
  for (const auto& group : command_groups()) {
    groups += (groups.empty() ? "" : " | ") + shell_quoted(group);
    seconds += fmt::format("    {})\n      names=(\n{}      )\n      ;;\n", shell_quoted(group),
                           described(second_words(group)));
  }
  return head + fmt::format("typeset -ga _sage_host_plugin_flags=({})\n\n", shell_quoted(plugin_flags())) +
         fmt::format("_sage_host_first() {{\n  local -a names\n  names=(\n{}  )\n  _describe command names\n}}\n\n",
                     described(first_words())) +
         fmt::format(
             "# True for the first word of commands that have two.\n_sage_host_group() {{\n  case $1 in\n"
             "    {}) return 0 ;;\n  esac\n  return 1\n}}\n\n",
             groups) +
         fmt::format(
             "_sage_host_second() {{\n  local -a names\n  case $1 in\n{}  esac\n  _describe command names\n}}\n\n",
             seconds) +
         fmt::format("# What a command takes.\n_sage_host_specs() {{\n  case $1 in\n{}  esac\n}}\n", specs) + tail;
}

}  // namespace host::cli::completion

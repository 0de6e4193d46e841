// The script for bash. What the user has typed is only ever compared, or handed on as one quoted word: `compgen -W`,
// which expands its words, is not used.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/completion/model.hpp"

namespace host::cli::completion {
namespace {

constexpr auto head = R"script(# Completion of sage-host for bash, printed by 'sage-host completion bash'.
)script";

constexpr auto tail = R"script(
# Names that the installed sage-host knows, one a line.
_sage_host_ask() {
  command sage-host completion -- "$@" 2>/dev/null </dev/null
}

# Adds the flags of the plugins that are named on the command line to `words`.
_sage_host_options() {
  local i word ids=
  for ((i = 2; i < COMP_CWORD; ++i)); do
    kind=
    _sage_host_value "$name" "${COMP_WORDS[i]%%=*}"
    [[ $kind == workloads || $kind == backends ]] || continue
    word=${COMP_WORDS[i]}
    if [[ $word == *=* ]]; then
      word=${word#*=}
    else
      word=${COMP_WORDS[i + 1]}
      [[ $word == = ]] && word=${COMP_WORDS[i + 2]}
    fi
    ids+=,$word
  done
  kind=
  [[ $ids ]] && mapfile -t -O ${#words[@]} words < <(_sage_host_ask options "$ids")
}

# Puts those of `words` that begin with `cur` into COMPREPLY, after what stands before them in a list.
_sage_host_offer() {
  local before= word
  if [[ $list && $cur == *,* ]]; then
    before=${cur%,*},
    cur=${cur##*,}
  fi
  for word in "${words[@]}"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$before$word")
  done
}

# Offers files (-f) or folders (-d). What is typed is compared as the shell would read it; readline quotes it again.
_sage_host_paths() {
  cur=${cur#[\"\']}
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "${cur//\\/}")
}

# Offers what `kind` says.
_sage_host_complete() {
  local -a words=()
  case $kind in
    choices) words=("${choices[@]}") ;;
    commands) words=("${first_words[@]}") ;;
    workloads | backends | plugins | metrics) mapfile -t words < <(_sage_host_ask "$kind") ;;
    file | path) _sage_host_paths -f ;;
    folder | folders) _sage_host_paths -d ;;
  esac
  ((${#words[@]} == 0)) || _sage_host_offer
}

_sage_host() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev= name= kind= list= at=$COMP_CWORD
  local -a flags=() choices=() words=() first_words=() second_words=()
  COMPREPLY=()
  # bash takes words apart at '=' and ':'; `at` is where the value began.
  if [[ $cur == [=:] ]]; then
    cur=
    ((at += 1))
  elif [[ $cur == --*=* ]]; then
    prev=${cur%%=*}
    cur=${cur#*=}
  fi
  while ((at > 2)) && [[ ${COMP_WORDS[at - 1]} == : ]]; do ((at -= 2)); done
  if ((at > 2)) && [[ ${COMP_WORDS[at - 1]} == = ]]; then ((at -= 1)); fi
  [[ $prev ]] || prev=${COMP_WORDS[at - 1]}

  _sage_host_first
  if ((COMP_CWORD == 1)); then
    words=("${first_words[@]}" --help --version)
    _sage_host_offer
    return
  fi
  name=${COMP_WORDS[1]}
  _sage_host_second "$name"
  if ((${#second_words[@]} > 0)); then
    if ((COMP_CWORD == 2)); then
      words=("${second_words[@]}" --help)
      _sage_host_offer
      return
    fi
    name+=" ${COMP_WORDS[2]}"
  fi
  [[ $prev == -* ]] && _sage_host_value "$name" "$prev"
  if [[ $kind && $kind != none ]]; then
    _sage_host_complete
    return
  fi
  if [[ $cur == -* ]]; then
    _sage_host_flags "$name"
    words=("${flags[@]}")
    list=
    _sage_host_options
    list=
    _sage_host_offer
    return
  fi
  list=
  _sage_host_operand "$name"
  if [[ $kind == commands ]] && ((COMP_CWORD > 2)); then
    _sage_host_second "$prev"
    kind=choices choices=("${second_words[@]}")
  fi
  _sage_host_complete
}

complete -F _sage_host sage-host
)script";

std::string words_of(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const auto& each : words) out.push_back(each.word);
  return shell_quoted(out);
}

std::string choices_of(const std::vector<std::string>& choices) {
  return choices.empty() ? "" : fmt::format(" choices=({})", shell_quoted(choices));
}

std::string value_case(const Command& command, const Flag& flag) {
  std::string patterns;
  for (const auto& name : flag.names)
    patterns += (patterns.empty() ? "" : " | ") + shell_quoted(fmt::format("{} {}", command.name, name));
  return fmt::format("    {}) kind={}{}{} ;;\n", patterns, to_string(flag.value), flag.list ? " list=1" : "",
                     choices_of(flag.choices));
}

}  // namespace

std::string bash_script() {
  std::string flags, values, operands, seconds;
  for (const auto& command : commands()) {
    std::vector<std::string> names;
    for (const auto& flag : command.flags) {
      names.insert(names.end(), flag.names.begin(), flag.names.end());
      values += value_case(command, flag);
    }
    flags += fmt::format("    {}) flags=({}) ;;\n", shell_quoted(command.name), shell_quoted(names));
    operands += fmt::format("    {}) kind={}{} ;;\n", shell_quoted(command.name), to_string(command.operand),
                            choices_of(command.choices));
  }
  for (const auto& group : command_groups())
    seconds += fmt::format("    {}) second_words=({}) ;;\n", shell_quoted(group), words_of(second_words(group)));
  const auto function = [](const char* about, const char* name, const char* on, const std::string& cases) {
    return fmt::format("\n# {}\n{}() {{\n  case {} in\n{}  esac\n}}\n", about, name, on, cases);
  };
  return head + fmt::format("\n_sage_host_first() {{ first_words=({}); }}\n", words_of(first_words())) +
         function("The flags of a command.", "_sage_host_flags", "$1", flags) +
         function("What a flag of a command takes; nothing is set for what is no flag of it.", "_sage_host_value",
                  "\"$1 $2\"", values) +
         function("What a command takes beside flags.", "_sage_host_operand", "$1", operands) +
         function("The second words of commands that have two.", "_sage_host_second", "$1",
                  seconds + "    *) second_words=() ;;\n") +
         tail;
}

}  // namespace host::cli::completion

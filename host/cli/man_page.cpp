#include "cli/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/split.hpp"
#include "cli/man_texts.hpp"
#include "load/load.hpp"

namespace host::cli {
namespace {

// When the texts last changed; the day of the build would make each build another.
constexpr auto page_date = "2026-12-01";

// Text as it stands: no macro, no escape, and a hyphen that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff(text)); }
std::string entry(const std::string& tag, std::string_view text) { return fmt::format(".TP\n{}\n{}\n", tag, text); }

std::string page_name(std::string_view command) {
  auto name = fmt::format("sage-host-{}", command);
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string head(const std::string& name, std::string_view summary) {
  auto title = name;
  std::ranges::transform(title, title.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return fmt::format(".TH {} 1 {} \"sage\\-host {}\" \"sage\\-host manual\"\n.SH NAME\n{} \\- {}\n", roff(title),
                     page_date, SAGE_HOST_VERSION, roff(name), roff(summary));
}

// A sentence of "default 90, quick 200, at least 0.001, in 1/s", behind one of what the flag is for.
std::string flag_entry(const catalog::Flag& flag) {
  auto tag = bold(catalog::option_flag(flag.spec.name));
  if (flag.letter != 0) tag += ", " + bold(fmt::format("-{}", flag.letter));
  for (const auto& alias : flag.aliases) tag += ", " + bold(catalog::option_flag(alias));
  if (const auto value = value_name(flag); !value.empty()) tag += " " + italic(value);
  auto text = roff(flag.spec.help);
  if (const auto limits = constraints(flag.spec); !limits.empty()) text += roff(fmt::format(" ({})", limits));
  return entry(tag, text);
}

std::string options(const Command& command) {
  std::string out = ".SH OPTIONS\n";
  if (command.flags != nullptr)
    for (const auto& flag : command.flags()) out += flag_entry(flag);
  out += entry(bold("--help") + ", " + bold("-h"), "usage, flags and examples");
  if (!command.with_load) return out;
  out += ".SS The load\nA workload may set other defaults for these.\n";
  for (const auto& spec : load::load_options()) out += flag_entry({.spec = spec});
  return out + ".SS Options of plugins\nThose of the workload and of the backend are flags too. " + bold("--help") +
         " behind their names shows them, as does " + bold("sage-host describe") + ".\n";
}

std::string exit_status() {
  std::string out = ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_meanings())
    out += entry(bold(fmt::format("{}", static_cast<int>(code))), roff(meaning));
  return out;
}

// Those that concern a command; of no command, those that concern any.
std::string texts(const char* title, std::span<const ManText> all, std::string_view command) {
  std::string out;
  for (const auto& each : all)
    if (command.empty() || each.commands.find(fmt::format(" {} ", command)) != std::string_view::npos)
      out += entry(bold(each.name), roff(each.meaning));
  return out.empty() ? "" : fmt::format(".SH {}\n{}", title, out);
}

std::string examples(std::string_view lines) {
  if (lines.empty()) return "";
  std::string out = ".SH EXAMPLES\n.nf\n";
  for (const auto& line : base::split(lines, '\n'))
    if (!line.empty()) out += roff(line.starts_with("  ") ? line.substr(2) : line) + "\n";
  return out + ".fi\n";
}

std::string paragraphs(std::string_view text) {
  std::string out;
  for (const auto& paragraph : base::split(text, '\n')) out += ".PP\n" + roff(paragraph) + "\n";
  return out;
}

std::string see_also(const std::vector<std::string>& pages) {
  std::string out = ".SH SEE ALSO\n";
  for (const auto& page : pages) out += fmt::format(".BR {} (1){}\n", roff(page), &page == &pages.back() ? "" : " ,");
  return out;
}

}  // namespace

ManPage main_page() {
  auto out = head("sage-host", "run workloads on backends, and compare");
  out += ".SH SYNOPSIS\n" + bold("sage-host") + " " + italic("COMMAND") + " [" + italic("flags") + "]\n";
  out +=
      ".SH DESCRIPTION\nRuns a workload on a backend, accounts for every request and writes comparable records.\n"
      "Workloads and backends are plugins. Flags are written with hyphens or underscores;\n" +
      bold("--flag") + " " + italic("value") + " and " + bold("--flag=") + italic("value") +
      " are the same. Every error is one line on standard error.\n.SH COMMANDS\n";
  std::vector<std::string> pages;
  for (const auto& command : commands()) {
    pages.push_back(page_name(command.name));
    out += entry(bold(command.name) + (command.usage.empty() ? "" : " " + roff(command.usage)), roff(command.summary));
  }
  out += ".SH OPTIONS\n" + entry(bold("--help") + ", " + bold("-h"), "the commands") +
         entry(bold("--version"), "versions of the host and of its plugin ABI");
  out += exit_status() + texts("ENVIRONMENT", environment_texts(), "") + texts("FILES", file_texts(), "");
  out += examples("  sage-host run --workload q6 --backend threads --quick\n  sage-host report results\n");
  return {"sage-host", out + see_also(pages)};
}

ManPage command_page(const Command& command) {
  const auto name = page_name(command.name);
  auto out = head(name, command.summary);
  out += fmt::format(".SH SYNOPSIS\n{}{}{}\n", bold(fmt::format("sage-host {}", command.name)),
                     command.usage.empty() ? "" : " ", roff(command.usage));
  std::string first(command.summary);
  if (first[0] >= 'a' && first[0] <= 'z') first[0] = static_cast<char>(first[0] - 'a' + 'A');
  out += fmt::format(".SH DESCRIPTION\n{}.\n{}", roff(first), paragraphs(command.details));
  out += options(command) + exit_status() + texts("ENVIRONMENT", environment_texts(), command.name) +
         texts("FILES", file_texts(), command.name) + examples(command.examples);
  return {name, out + see_also({"sage-host"})};
}

}  // namespace host::cli

#include "cli/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/table_text.hpp"

namespace host::cli {
namespace po = boost::program_options;
namespace {

// "--total_requests=5" -> "--total-requests=5": the value stays as it is.
std::string with_hyphens(std::string arg) {
  if (arg.starts_with("--"))
    std::replace(arg.begin(), arg.begin() + static_cast<std::ptrdiff_t>(std::min(arg.find('='), arg.size())), '_', '-');
  return arg;
}

po::options_description describe(std::span<const catalog::Flag> flags) {
  po::options_description description;
  const auto add = [&](const std::string& name, const catalog::Flag& flag) {
    auto* value = po::value<std::string>();
    if (flag.spec.type == catalog::OptionType::boolean) value->implicit_value("true");
    description.add_options()(name.c_str(), value);
  };
  for (const auto& flag : flags) {
    const auto name = catalog::option_flag(flag.spec.name).substr(2);
    add(flag.letter == 0 ? name : fmt::format("{},{}", name, flag.letter), flag);
    for (const auto& alias : flag.aliases) add(catalog::option_flag(alias).substr(2), flag);
  }
  description.add_options()("help,h", "");
  return description;
}

const catalog::Flag* flag_called(std::span<const catalog::Flag> flags, const std::string& name) {
  const auto it = std::ranges::find_if(flags, [&](const catalog::Flag& flag) {
    return flag.spec.name == name || std::ranges::find(flag.aliases, name) != flag.aliases.end();
  });
  return it == flags.end() ? nullptr : &*it;
}

// "-v" and "--verbose" of "--verbose=x" or "-v": the flag that a token names, null if it names none.
const catalog::Flag* flag_of(const std::string& token, std::span<const catalog::Flag> flags) {
  if (token.starts_with("--")) return flag_called(flags, catalog::option_name(token.substr(2, token.find('=') - 2)));
  const auto it = std::ranges::find_if(
      flags, [&](const catalog::Flag& flag) { return flag.letter != 0 && token == fmt::format("-{}", flag.letter); });
  return it == flags.end() ? nullptr : &*it;
}

bool looks_like_flag(const std::string& token) {
  return token.size() > 1 && token[0] == '-' && (token[1] < '0' || token[1] > '9') && token[1] != '.';
}

// So that no flag takes for its value what is not meant for it: a switch has one only behind '=', and other flags take
// no token that looks like a flag itself.
std::vector<std::string> explicit_values(std::span<const std::string> args, std::span<const catalog::Flag> flags) {
  std::vector<std::string> out;
  for (size_t i = 0; i < args.size(); ++i) {
    const auto token = with_hyphens(args[i]);
    if (token == "--") {
      out.insert(out.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    const auto* flag = token.find('=') == std::string::npos ? flag_of(token, flags) : nullptr;
    if (flag == nullptr) {
      out.push_back(token);
    } else if (flag->spec.type == catalog::OptionType::boolean) {
      out.push_back(catalog::option_flag(flag->spec.name) + "=true");
    } else if (i + 1 < args.size() && looks_like_flag(args[i + 1])) {
      throw base::usage_error(fmt::format("flag {} needs a value; one that begins with '-' is given as {}={}", token,
                                          catalog::option_flag(flag->spec.name), args[i + 1]));
    } else {
      out.push_back(token);
      if (i + 1 < args.size()) out.push_back(args[++i]);  // as it is, whatever it looks like
    }
  }
  return out;
}

std::vector<po::option> tokenise(std::span<const std::string> args, std::span<const catalog::Flag> flags) {
  const auto tokens = explicit_values(args, flags);
  const auto description = describe(flags);
  namespace style = po::command_line_style;
  try {
    return po::command_line_parser(tokens)
        .options(description)
        .style(style::unix_style & ~style::allow_guessing)
        .allow_unregistered()
        .run()
        .options;
  } catch (const po::invalid_command_line_syntax& e) {
    const bool extra = e.kind() == po::invalid_syntax::extra_parameter;
    throw base::usage_error(fmt::format("flag {} {}", e.get_option_name(), extra ? "takes no value" : "needs a value"));
  } catch (const po::error& e) {
    throw base::usage_error(e.what());
  }
}

}  // namespace

const catalog::Given* Arguments::find(std::string_view name) const {
  const auto it = std::ranges::find(flags, name, &catalog::Given::name);
  return it == flags.end() ? nullptr : &*it;
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
  const auto* given = find(name);
  return given == nullptr ? std::string(otherwise) : given->text;
}

Arguments split_arguments(std::span<const std::string> args, std::span<const catalog::Flag> flags) {
  Arguments out;
  for (const auto& option : tokenise(args, flags)) {
    if (option.position_key >= 0) {
      out.positional.insert(out.positional.end(), option.value.begin(), option.value.end());
    } else if (option.unregistered) {
      out.unknown.push_back(option.original_tokens.front());
    } else if (option.string_key == "help") {
      out.help = true;
    } else {
      const auto* flag = flag_called(flags, catalog::option_name(option.string_key));
      const auto source = catalog::option_flag(option.string_key);
      if (!flag->repeatable && out.has(flag->spec.name))
        throw base::usage_error(fmt::format("flag {} was given twice; give it once", source));
      auto text = option.value.empty() ? "true" : option.value.front();
      if (flag->spec.type == catalog::OptionType::boolean)
        text = catalog::to_text(catalog::parse_option(flag->spec, text, source));
      out.flags.push_back({"", flag->spec.name, std::move(text), source});
    }
  }
  return out;
}

namespace {

// The flag that an unknown one was meant to be: the nearest, or the only one that begins like it.
std::optional<std::string> meant_by(const std::string& wrong, std::span<const catalog::Flag> flags) {
  const auto bare = wrong.substr(0, wrong.find('='));
  const auto name = catalog::option_name(bare.substr(std::min(bare.find_first_not_of('-'), bare.size())));
  std::vector<std::string> names;
  for (const auto& flag : flags) names.push_back(flag.spec.name);
  if (auto meant = base::nearest(name, names)) return meant;
  std::erase_if(names, [&](const std::string& each) { return !each.starts_with(name); });
  return name.size() > 1 && names.size() == 1 ? std::optional(names[0]) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& wrong, const std::optional<std::string>& meant, std::string_view command) {
  throw base::usage_error(fmt::format("unknown flag {}{}; 'sage-host {} --help' lists the flags", wrong,
                                      meant ? fmt::format(" (did you mean {}?)", catalog::option_flag(*meant)) : "",
                                      command));
}

}  // namespace

void refuse_unknown(const Arguments& arguments, std::span<const catalog::Flag> flags, std::string_view command,
                    size_t max_positional) {
  if (!arguments.unknown.empty()) {
    const auto& wrong = arguments.unknown.front();
    refuse(wrong, meant_by(wrong, flags), command);
  }
  if (arguments.positional.size() > max_positional) {
    throw base::usage_error(fmt::format("unexpected argument '{}'; 'sage-host {} --help' shows the usage",
                                        arguments.positional[max_positional], command));
  }
}

void refuse_misspelt(const Arguments& arguments, std::span<const catalog::Flag> flags, std::string_view command) {
  for (const auto& wrong : arguments.unknown)
    if (const auto meant = meant_by(wrong, flags); meant || wrong == "-?") refuse(wrong, meant, command);
}

Arguments parse_arguments(std::span<const std::string> args, std::span<const catalog::Flag> flags,
                          std::string_view command, size_t max_positional) {
  auto arguments = split_arguments(args, flags);
  if (!arguments.help) refuse_unknown(arguments, flags, command, max_positional);
  return arguments;
}

std::string value_name(const catalog::Flag& flag) {
  if (!flag.placeholder.empty()) return flag.placeholder;
  if (!flag.spec.choices.empty()) return fmt::format("{}", fmt::join(flag.spec.choices, "|"));
  switch (flag.spec.type) {
    case catalog::OptionType::integer:
      return "N";
    case catalog::OptionType::number:
      return "X";
    case catalog::OptionType::boolean:
      return "";
    case catalog::OptionType::text:
      return "TEXT";
  }
  return "";
}

std::string constraints(const catalog::OptionSpec& spec) {
  std::vector<std::string> parts;
  const auto standard = catalog::to_text(spec.default_value);
  const bool plain_switch = spec.default_value == catalog::OptionValue(false);
  if (!standard.empty() && !plain_switch) parts.push_back("default " + standard);
  if (spec.quick) parts.push_back("quick " + catalog::to_text(*spec.quick));
  if (spec.min && spec.max)
    parts.push_back(fmt::format("{:.15g} to {:.15g}", *spec.min, *spec.max));
  else if (spec.min)
    parts.push_back(fmt::format("at least {:.15g}", *spec.min));
  else if (spec.max)
    parts.push_back(fmt::format("at most {:.15g}", *spec.max));
  if (!spec.unit.empty()) parts.push_back("in " + spec.unit);
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string flags_help(std::span<const catalog::Flag> flags) {
  base::Table table;
  for (const auto& flag : flags) {
    auto name = "  " + catalog::option_flag(flag.spec.name);
    if (flag.letter != 0) name += fmt::format(", -{}", flag.letter);
    if (const auto value = value_name(flag); !value.empty()) name += " " + value;
    const auto extra = constraints(flag.spec);
    table.push_back({name, flag.spec.help + (extra.empty() ? "" : fmt::format(" ({})", extra))});
  }
  return base::format_table(table, {.max_first_width = 24, .wrap_width = 80});
}

}  // namespace host::cli

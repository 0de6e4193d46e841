// `man [COMMAND]`: a manual page on standard output, or all of them into a folder.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/output_file.hpp"
#include "cli/man_page.hpp"

namespace host::cli {

const std::vector<catalog::Flag>& man_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = catalog::text_option("output_dir", "", "write every page into this folder instead"),
       .placeholder = "DIR"}};
  return flags;
}

namespace {

void write_pages(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const ManPage& page) { base::write_file(folder / (page.name + ".1"), page.text); };
  write(main_page());
  for (const auto& command : commands()) write(command_page(command));
}

}  // namespace

base::Exit man_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = man_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 2);
  if (arguments.help) {
    fmt::print("{}", command_help(command, flags));
    return base::Exit::ok;
  }
  if (const auto folder = arguments.text("output_dir"); !folder.empty()) {
    if (!arguments.positional.empty()) throw base::usage_error("man: --output-dir writes every page; name no command");
    write_pages(folder);
    return base::Exit::ok;
  }
  if (arguments.positional.empty()) {
    fmt::print("{}", main_page().text);
    return base::Exit::ok;
  }
  fmt::print("{}", command_page(command_called(arguments.positional)).text);
  return base::Exit::ok;
}

}  // namespace host::cli

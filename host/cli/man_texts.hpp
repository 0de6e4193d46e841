// What manual pages say that no table of flags holds: environment and files.
#pragma once

#include <span>
#include <string_view>

namespace host::cli {

// A name, its meaning, and whom it concerns: commands with blanks around them, such as " run pair "; empty = everyone.
struct ManText {
  std::string_view name;
  std::string_view meaning;
  std::string_view commands = {};
};

std::span<const ManText> environment_texts();
std::span<const ManText> file_texts();

}  // namespace host::cli

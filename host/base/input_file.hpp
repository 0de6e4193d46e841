// Files to read that have an end: opening a pipe would wait for whoever writes to it, and a device may give for ever.
#pragma once

#include <filesystem>
#include <fstream>

namespace host::base {

// Failed if it is no regular file, or cannot be read.
inline std::ifstream open_input(const std::filesystem::path& file) {
  std::error_code error;
  std::ifstream in;
  if (std::filesystem::is_regular_file(file, error))
    in.open(file, std::ios::binary);
  else
    in.setstate(std::ios::failbit);
  return in;
}

}  // namespace host::base

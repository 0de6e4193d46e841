// Lists as they are given in one argument.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace host::base {

// The parts between separators that are not empty.
inline std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= list.size();) {
    const auto end = std::min(list.find(separator, begin), list.size());
    if (end > begin) out.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace host::base

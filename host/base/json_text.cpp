#include "base/json_text.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <unordered_set>
#include <vector>

namespace host::base {

JsonOutline outline_json(std::string_view text) {
  JsonOutline out;
  std::vector<std::unordered_set<std::string_view>> open;  // keys of the objects and lists that are open, as written
  std::string_view last_string;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"': {
        const auto begin = i + 1;
        for (++i; i < text.size() && text[i] != '"'; ++i)
          if (text[i] == '\\') ++i;
        last_string = text.substr(begin, std::min(i, text.size()) - begin);
        break;
      }
      case '{':
      case '[':
        open.emplace_back();
        if (open.size() <= json_depth_max) break;
        out.refusal = fmt::format("nested more than {} deep", json_depth_max);
        return out;
      case '}':
      case ']':
        if (!open.empty()) open.pop_back();
        break;
      case ':':
        if (open.empty()) break;
        if (!open.back().insert(last_string).second && out.twice.empty()) out.twice = last_string;
        if (open.back().size() <= json_keys_max) break;
        out.refusal = fmt::format("an object of more than {} keys", json_keys_max);
        return out;
      default:
        break;
    }
  }
  return out;
}

std::string json_file_text(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error) || std::filesystem::file_size(file, error) > json_file_max ||
      error)
    return {};
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace host::base

#include "base/json_text.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "base/utf8.hpp"

namespace host::base {

JsonOutline outline_json(std::string_view text, size_t depth_max) {
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
        if (open.size() <= depth_max) break;
        out.refusal = fmt::format("nested more than {} deep", depth_max);
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

void make_printable(nlohmann::ordered_json& value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    text = shown_text(text);
  } else if (value.is_array()) {
    for (auto& each : value) make_printable(each);
  } else if (value.is_object()) {
    bool keys = true;
    for (auto& [key, each] : value.items()) {
      keys = keys && shown_text(key) == key;
      make_printable(each);
    }
    if (keys) return;
    nlohmann::ordered_json::object_t renamed;
    for (auto& [key, each] : value.get_ref<nlohmann::ordered_json::object_t&>())
      renamed.emplace(shown_text(key), std::move(each));
    value = std::move(renamed);
  }
}

bool next_json_line(std::istream& in, std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  auto& buffer = *in.rdbuf();
  for (auto c = buffer.sbumpc();; c = buffer.sbumpc()) {
    if (c == std::char_traits<char>::eof()) return !line.empty() || too_long;
    if (c == '\n') return true;
    if (line.size() < json_line_max)
      line += static_cast<char>(c);
    else
      too_long = true;
  }
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

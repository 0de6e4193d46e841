#include "base/utf8.hpp"

#include <utf8.h>

namespace host::base {

constexpr uint32_t replacement = 0xfffd;

bool is_utf8(std::string_view text) { return utf8::is_valid(text.begin(), text.end()); }

uint32_t take_character(std::string_view& text) {
  auto end = text.begin();
  uint32_t value = replacement;
  try {
    value = utf8::next(end, text.end());
  } catch (const utf8::exception&) {
    end = text.begin() + 1;
  }
  text.remove_prefix(static_cast<size_t>(end - text.begin()));
  return value;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto from = text;
    const auto c = take_character(text);
    if (c == replacement || c == 0)
      out += "\xef\xbf\xbd";
    else
      out += from.substr(0, from.size() - text.size());
  }
  return out;
}

}  // namespace host::base

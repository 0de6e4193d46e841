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

bool is_unprintable(uint32_t c) {
  const auto within = [&](uint32_t first, uint32_t last) { return c >= first && c <= last; };
  return c < 0x20 || within(0x7f, 0x9f) || c == 0x61c || within(0x200e, 0x200f) || within(0x2028, 0x202e) ||
         within(0x2066, 0x2069) || c == 0xfeff;
}

std::string shown_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto from = text;
    const auto c = take_character(text);
    if (c == '\n' || c == '\r' || c == '\t')
      out += ' ';
    else if (is_unprintable(c))
      out += '?';
    else if (c == replacement)
      out += "\xef\xbf\xbd";
    else
      out += from.substr(0, from.size() - text.size());
  }
  return out;
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

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

bool is_printable(uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
  const bool line_end = c == 0x2028 || c == 0x2029;
  const bool direction =
      c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  const bool tag = c >= 0xe0000 && c <= 0xe007f;  // text that nobody sees
  return !line_end && !direction && !tag;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto from = text;
    const auto c = take_character(text);
    if (c == '\n' || c == '\t' || c == '\r')
      out += ' ';
    else if (!is_printable(c))
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

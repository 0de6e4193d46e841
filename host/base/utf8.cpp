#include "base/utf8.hpp"

namespace host::base {

constexpr uint32_t replacement = 0xfffd;

uint32_t take_character(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto first = byte(0);
  const size_t size = first < 0x80 ? 1 : first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  uint32_t value = size == 1 ? first : first & (0x7fU >> size);
  bool whole = size > 0 && first < 0xf5 && size <= text.size();
  for (size_t i = 1; whole && i < size; ++i) {
    whole = (byte(i) & 0xc0) == 0x80;
    value = value << 6 | (byte(i) & 0x3fU);
  }
  // longer than need be, half of a pair, beyond the last
  if (whole && ((size == 3 && value < 0x800) || (size == 4 && (value < 0x10000 || value > 0x10ffff)) ||
                (value >= 0xd800 && value < 0xe000)))
    whole = false;
  text.remove_prefix(whole ? size : 1);
  return whole ? value : replacement;
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

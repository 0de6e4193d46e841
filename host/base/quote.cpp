#include "base/quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/utf8.hpp"

namespace host::base {
namespace {

constexpr size_t quote_size_max = 80;

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto from = text;
    const auto c = take_character(text);
    const auto size = from.size() - text.size();
    const auto byte = static_cast<unsigned char>(from[0]);
    if (c == '\n')
      out += "\\n";
    else if (size == 1 && (is_unprintable(c) || byte >= 0x80))
      out += fmt::format("\\x{:02x}", byte);
    else if (is_unprintable(c))
      out += fmt::format("\\u{:04x}", c);
    else
      out += from.substr(0, size);
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  if (text.size() <= quote_size_max) return "'" + one_line(text) + "'";
  auto end = quote_size_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return "'" + one_line(text.substr(0, end)) + "...'";
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_word(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("-_./=:,+@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return plain && !text.empty() ? std::string(text) : shell_quoted(text);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace host::base

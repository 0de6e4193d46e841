#include "report/latex/tex.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/utf8.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

// The empty group after a character keeps it from forming a ligature with the next one.
std::string ascii(char c) {
  constexpr std::string_view plain_with_backslash = "&%$#_{}";
  if (plain_with_backslash.find(c) != std::string_view::npos) return {'\\', c};
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\~{}";
    case '^':
      return "\\^{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '"':
      return "\\texttt{\\char34}";
    case '`':
    case '\'':
    case '-':
    case ',':
    case '?':
    case '!':
      return {c, '{', '}'};
    case '[':
    case ']':
      return {'{', c, '}'};  // never the end of an optional argument
    default:
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? " " : std::string(1, c);
  }
}

// Latin letters that OT1, LaTeX's default encoding, makes of a letter and an accent, or has.
bool has_letter(uint32_t c) {
  return c >= 0xc0 && c <= 0xff && c != 0xd0 && c != 0xd7 && c != 0xde && c != 0xf0 && c != 0xf7 && c != 0xfe;
}

}  // namespace

std::string tex_text(std::string_view text, size_t longest) {
  std::string out;
  for (size_t n = 0; !text.empty(); ++n) {
    if (n == longest) return out + "\\dots{}";
    const auto from = text;
    const auto c = base::take_character(text);
    if (c < 0x80)
      out += ascii(static_cast<char>(c));
    else if (has_letter(c))
      out += from.substr(0, from.size() - text.size());
    else
      out += fmt::format("{{[}}U+{:04X}{{]}}", c);
  }
  return out;
}

std::string tex_number(double value) {
  const auto text = value_text(value);
  const auto e = text.find('e');
  if (e == std::string::npos) return text.starts_with('-') ? fmt::format("${}$", text) : text;
  return fmt::format("${}\\times10^{{{}}}$", text.substr(0, e), std::stoi(text.substr(e + 1)));
}

std::string tex_slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == 40) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "x" : out;
}

}  // namespace host::report

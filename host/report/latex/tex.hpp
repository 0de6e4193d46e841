// Text of records, which may hold anything, as LaTeX.
#pragma once

#include <string>
#include <string_view>

namespace host::report {

// Prints as `text` does, whatever it holds, with pdflatex's default fonts and encodings. One line; letters that those
// fonts lack as "[U+4E2D]"; cut after so many characters: no name of 80 is wider than a page.
inline constexpr size_t tex_name_longest = 80;
std::string tex_text(std::string_view text, size_t longest = tex_name_longest);

// As value_text(), with "1.234e+07" as a power of ten.
std::string tex_number(double value);

// For file names and labels: lower-case letters, digits and single hyphens; "x" when nothing else is left.
std::string tex_slug(std::string_view text);

}  // namespace host::report

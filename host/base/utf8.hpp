// Text of records and file names, which may hold any bytes, as characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace host::base {

bool is_utf8(std::string_view text);

// Takes one character off the front of `text`, which is not empty. A byte that begins none is U+FFFD.
uint32_t take_character(std::string_view& text);

// What a terminal or an editor acts on instead of showing it: control characters (C0, C1, delete), line separators, and
// those that turn the direction of writing (Unicode TR 36, "Trojan Source").
bool is_unprintable(uint32_t character);
// UTF-8 on one line, with '?' in the place of each of those (' ' of tabs and ends of lines): for texts from outside.
std::string shown_text(std::string_view text);

// UTF-8 whatever `text` is, with U+FFFD for each byte that is not part of any, and for NUL.
std::string valid_utf8(std::string_view text);

}  // namespace host::base

// Text of records and file names, which may hold any bytes, as characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace host::base {

bool is_utf8(std::string_view text);

// Takes one character off the front of `text`, which is not empty. A byte that begins none is U+FFFD.
uint32_t take_character(std::string_view& text);

// Whether a terminal, a log or a table may have it: no control character (those of C1 among them: U+009B is ESC [), no
// end of a line, and none that turns the direction of the text beside it.
bool is_printable(uint32_t character);

// A name, a reason, ... of a file that anybody may have written, on one line: ' ' for white space of any kind, '?' for
// what is not printable.
std::string printable(std::string_view text);

// UTF-8 whatever `text` is, with U+FFFD for each byte that is not part of any, and for NUL.
std::string valid_utf8(std::string_view text);

}  // namespace host::base

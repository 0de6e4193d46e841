// Text from outside (file names, manifest keys, values) made safe to stand in a one-line message, or on a shell's line.
#pragma once

#include <string>
#include <string_view>

namespace host::base {

// In single quotes; control characters and invalid UTF-8 escaped, long text cut.
std::string in_quotes(std::string_view text);
// Likewise without the quotes, and uncut.
std::string one_line(std::string_view text);
// One word for a shell, whatever is in it.
std::string shell_quoted(std::string_view text);
// Likewise, without quotes where none are needed.
std::string shell_word(std::string_view text);
// ASCII letters only; ids and option names hold no others.
std::string to_lower(std::string_view text);

}  // namespace host::base

// The comparison as a comment on a pull request.
#pragma once

#include <string>
#include <string_view>

#include "compare/comparison.hpp"

namespace host::report {

constexpr size_t markdown_limit = 65'536;  // characters, GitHub's of a comment

// A verdict line, a table with the worst first, the metrics folded away. At most `markdown_limit` bytes, therefore no
// more characters: what does not fit is left out and counted.
std::string markdown_report(const compare::Comparison& comparison);

// `text` as it stands in a cell of a table: one line, no markup, no mention, no reference to an issue; cut after
// `longest` bytes.
std::string markdown_text(std::string_view text, size_t longest = 80);

}  // namespace host::report

// Text for the terminal in aligned columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace host::base {

using TableRow = std::vector<std::string>;
using Table = std::vector<TableRow>;

struct TableLayout {
  size_t max_first_width = 0;  // a longer first cell stands on a line of its own; 0 = never
  size_t wrap_width = 0;       // the last column is broken at words to stay within it; 0 = never
};

// Columns are as wide as their widest cell and two spaces apart; no trailing blanks. Each row ends with a newline.
std::string format_table(const Table& table, const TableLayout& layout = {});

// Broken at words into lines of at most `width`, each but the first indented by so many blanks. Each ends with a
// newline.
std::string wrap_text(const std::string& text, size_t width, size_t indent = 0);

}  // namespace host::base

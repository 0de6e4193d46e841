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

}  // namespace host::base

#include "base/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/utf8.hpp"

namespace host::base {
namespace {

constexpr size_t gap = 2;

// Lines after the first are shorter by `indent`.
std::vector<std::string> wrap(const std::string& text, size_t width, size_t indent = 0) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    const auto room = lines.empty() ? width : width - indent;
    if (!line.empty() && line.size() + 1 + word.size() > room) lines.push_back(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
  }
  lines.push_back(line);
  return lines;
}

std::vector<size_t> column_widths(const Table& table, size_t max_first_width) {
  std::vector<size_t> widths;
  for (const auto& row : table) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i)
      if (i != 0 || max_first_width == 0 || row[i].size() <= max_first_width)
        widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

}  // namespace

std::string format_table(const Table& cells, const TableLayout& layout) {
  auto table = cells;
  for (auto& row : table)
    for (auto& cell : row) cell = shown_text(cell);
  const auto widths = column_widths(table, layout.max_first_width);
  std::string out;
  for (const auto& row : table) {
    std::string line;
    size_t column = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      if (line.size() > column) {  // only a first cell that is too wide
        out += line + "\n";
        line.clear();
      }
      line.resize(column, ' ');
      if (i + 1 == row.size() && i != 0 && layout.wrap_width > column) {
        const auto lines = wrap(row[i], layout.wrap_width - column);
        for (size_t k = 0; k < lines.size(); ++k) {
          if (k != 0) out += line + "\n", line.assign(column, ' ');
          line += lines[k];
        }
      } else {
        line += row[i];
      }
      column += widths[i] + gap;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string wrap_text(const std::string& text, size_t width, size_t indent) {
  std::string out;
  for (const auto& line : wrap(text, width, indent)) out += std::string(out.empty() ? 0 : indent, ' ') + line + "\n";
  return out;
}

}  // namespace host::base

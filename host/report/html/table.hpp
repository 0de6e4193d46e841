// Tables of the page: complete without script, and on paper.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host::report {

struct TableCell {
  std::string html;             // escaped
  std::string_view style = {};  // class of report.css: "n" (a number), "na", "bad", ...
  std::string title;            // not escaped; shown when pointed at
};

TableCell words(std::string_view text);
TableCell figure(std::string_view text);  // right-aligned, digits of one width
TableCell missing_cell(std::string_view reason, std::string_view shown = "n/a");
// A metric's value in its unit, or "n/a" with the reason.
TableCell measure_cell(std::optional<double> value, std::string_view unit, std::string_view reason);

// "p99 of latency" as a link to its definition; names without a definition are just text.
std::string metric_link(std::string_view name);
// "latency_p99 (ms)", the name linked.
TableCell metric_cell(std::string_view name, std::string_view unit);

class HtmlTable {
 public:
  // A heading that begins with '#' stands above numbers: right-aligned, without the '#'. One that begins with the name
  // of a metric links to its definition.
  HtmlTable(std::string_view caption, std::vector<std::string> headings);
  void group(std::string_view title);  // of the rows that follow
  // The first cell heads the row. `style` is a class of the row: "bad".
  void row(const std::vector<TableCell>& cells, std::string_view style = {});
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] std::string html() const;

 private:
  std::string caption_;
  std::vector<std::string> headings_;
  std::string body_;
  size_t rows_ = 0;
};

}  // namespace host::report

#include "report/html/table.hpp"

#include <fmt/format.h>

#include "base/number_text.hpp"
#include "metrics/definitions.hpp"
#include "report/escape.hpp"

namespace host::report {
namespace {

constexpr size_t long_word = 16;     // characters: one that the page may break
constexpr size_t many_columns = 8;   // more are set smaller,
constexpr size_t most_columns = 14;  // and beyond this figures may break too

bool has_long_word(std::string_view text) {
  size_t length = 0;
  for (const char c : text) {
    length = c == ' ' ? 0 : length + 1;
    if (length > long_word) return true;
  }
  return false;
}

std::string attributes(std::string_view style, std::string_view title) {
  std::string out;
  if (!style.empty()) out += fmt::format(" class=\"{}\"", style);
  if (!title.empty()) out += fmt::format(" title=\"{}\"", escape_html(title));
  return out;
}

}  // namespace

TableCell words(std::string_view text) { return {escape_html(text), has_long_word(text) ? "long" : "", {}}; }

TableCell figure(std::string_view text) { return {escape_html(text), "n", {}}; }

TableCell missing_cell(std::string_view reason, std::string_view shown) {
  return {escape_html(shown), "n na", std::string(reason.empty() ? "the record does not say why" : reason)};
}

TableCell measure_cell(std::optional<double> value, std::string_view unit, std::string_view reason) {
  return value ? figure(base::measure_text(*value, unit)) : missing_cell(reason);
}

std::string metric_link(std::string_view name) {
  const auto* definition = metrics::find_metric(name);
  if (definition == nullptr) return escape_html(name);
  return fmt::format("<a href=\"#{}\">{}</a>", anchor("m-", definition->name), escape_html(name));
}

TableCell metric_cell(std::string_view name, std::string_view unit) {
  const bool bare = unit.empty() || unit == "0..1" || unit == "count" || unit == "ratio";
  return {metric_link(name) + (bare ? "" : fmt::format(" <small>{}</small>", escape_html(unit))), {}, {}};
}

namespace {

// "latency_p99 ms": the name of a metric links to its definition, in headings too.
std::string heading_html(std::string_view heading) {
  const auto name = heading.substr(0, heading.find(' '));
  if (metrics::find_metric(name) == nullptr) return escape_html(heading);
  return metric_link(name) + escape_html(heading.substr(name.size()));
}

}  // namespace

HtmlTable::HtmlTable(std::string_view caption, std::vector<std::string> headings)
    : caption_(caption), headings_(std::move(headings)) {}

void HtmlTable::group(std::string_view title) {
  body_ += fmt::format("</tbody><tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>\n",
                       headings_.size(), escape_html(title));
}

void HtmlTable::row(const std::vector<TableCell>& cells, std::string_view style) {
  ++rows_;
  body_ += fmt::format("<tr{}>", attributes(style, {}));
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto& cell = cells[i];
    const auto with = attributes(cell.style, cell.title);
    body_ += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", with, cell.html)
                    : fmt::format("<td{}>{}</td>", with, cell.html);
  }
  body_ += "</tr>\n";
}

std::string HtmlTable::html() const {
  const auto caption = escape_html(caption_);
  // The region can be scrolled by keyboard where the table is wider than the screen.
  auto out = fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table{1}><caption>{0}</caption>\n"
      "<thead><tr>",
      caption,
      attributes(headings_.size() > most_columns   ? "many crowded"
                 : headings_.size() > many_columns ? "many"
                                                   : "",
                 {}));
  for (const auto& heading : headings_) {
    const bool number = heading.starts_with('#');
    const auto text = std::string_view(heading).substr(number ? 1 : 0);
    const bool breaks = has_long_word(text);
    out += fmt::format("<th scope=\"col\"{}>{}</th>",
                       attributes(number && breaks ? "n long"
                                  : number         ? "n"
                                  : breaks         ? "long"
                                                   : "",
                                  {}),
                       heading_html(text));
  }
  return out + "</tr></thead>\n<tbody>\n" + body_ + "</tbody></table></div>\n";
}

}  // namespace host::report

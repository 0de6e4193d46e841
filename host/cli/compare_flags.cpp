#include "cli/compare_flags.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace host::cli {
double parse_share(const std::string& flag, std::string_view text, double least, double most) {
  const bool percent = text.ends_with('%');
  const auto digits = percent ? text.substr(0, text.size() - 1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (percent) value /= 100;
  if (error == std::errc() && end == digits.data() + digits.size() && value >= least && value <= most) return value;
  throw base::usage_error(
      fmt::format("{} {}: give a share from {:g}% to {:g}%, as 7.5% or 0.075", flag, text, least * 100, most * 100));
}

std::vector<catalog::Flag> comparison_flags() {
  return {
      {.spec =
           catalog::text_option("baseline", "", "the side that others are set against; default: the first one read"),
       .placeholder = "SIDE"},
      {.spec =
           catalog::text_option("by", "backend", "what a side is: each backend, or each input", {"backend", "input"})},
      {.spec = catalog::text_option("margin", "5%", "the difference that matters: ratios within it are the same"),
       .placeholder = "SHARE"},
      {.spec = catalog::text_option("confidence", "95%", "of the intervals, 50% to 99%"), .placeholder = "SHARE"},
  };
}

compare::CompareOptions compare_options(const Arguments& arguments) {
  return {.baseline = arguments.text("baseline"),
          .margin = parse_share("--margin", arguments.text("margin", "5%"), 0, 1),
          .confidence = parse_share("--confidence", arguments.text("confidence", "95%"), 0.5, 0.99)};
}

compare::Sides sides_option(const Arguments& arguments) {
  const auto by = arguments.text("by", "backend");
  if (by != "backend" && by != "input") throw base::usage_error(fmt::format("--by {}: give backend or input", by));
  return by == "input" ? compare::Sides::by_input : compare::Sides::by_backend;
}

}  // namespace host::cli

#include "cli/compare_flags.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace host::cli {

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
          .margin = catalog::parse_share("--margin", arguments.text("margin", "5%"), 0, 1),
          .confidence = catalog::parse_share("--confidence", arguments.text("confidence", "95%"), 0.5, 0.99)};
}

compare::Sides sides_option(const Arguments& arguments) {
  const auto by = arguments.text("by", "backend");
  if (by != "backend" && by != "input") throw base::usage_error(fmt::format("--by {}: give backend or input", by));
  return by == "input" ? compare::Sides::by_input : compare::Sides::by_backend;
}

}  // namespace host::cli

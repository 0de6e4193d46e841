#include "cli/compare_flags.hpp"

#include "compare/sides_by.hpp"

namespace host::cli {

std::vector<catalog::Flag> comparison_flags() {
  return {
      {.spec =
           catalog::text_option("baseline", "", "the side that others are set against; default: the first one read"),
       .placeholder = "SIDE"},
      {.spec = catalog::text_option(
           "by", "",
           "what a side is: each backend, input or side of an experiment, or each value of settings, as "
           "scheduler or q2.baseline; default: side, of an experiment, else backend",
           {"backend", "input", "scheduler", "side"}),
       .placeholder = "KEY[,KEY]"},
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

std::vector<std::string> by_option(const Arguments& arguments) {
  return arguments.has("by") ? compare::parse_keys(arguments.text("by")) : std::vector<std::string>();
}

}  // namespace host::cli

#include "compare/artefacts.hpp"

#include <fmt/format.h>

#include "compare/artefact_texts.hpp"
#include "compare/gnuplot.hpp"
#include "writers/output_file.hpp"

namespace host {

std::string write_comparison(const Comparison& comparison, const ResultSet& results,
                             const std::filesystem::path& folder) {
  write_file(folder / "summary.md", summary_md(comparison, results));
  write_file(folder / "comparison.csv", comparison_csv(comparison));
  for (const auto& [name, script] : {std::pair{"throughput_comparison.png", throughput_plot(comparison)},
                                     {"latency_p95_p99_comparison.png", latency_plot(comparison)}})
    if (const auto reason = run_gnuplot(script, folder / name); !reason.empty())
      return fmt::format("{} was not drawn: {}", name, reason);
  return {};
}

}  // namespace host

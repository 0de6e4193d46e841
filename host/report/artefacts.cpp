#include "report/artefacts.hpp"

#include <fmt/format.h>

#include "base/output_file.hpp"
#include "report/artefact_texts.hpp"
#include "report/gnuplot.hpp"
#include "report/html/html.hpp"

namespace host::report {

std::string write_comparison(const compare::Comparison& comparison, const compare::ResultSet& results,
                             const std::filesystem::path& folder) {
  base::write_file(folder / "summary.md", summary_md(comparison, results));
  base::write_file(folder / "comparison.csv", comparison_csv(comparison));
  base::write_file(folder / "report.html", html_report(comparison, results));
  for (const auto& [name, script] : {std::pair{"throughput_comparison.png", throughput_plot(comparison)},
                                     {"latency_p95_p99_comparison.png", latency_plot(comparison)}})
    if (const auto reason = run_gnuplot(script, folder / name); !reason.empty())
      return fmt::format("{} was not drawn: {}", name, reason);
  return {};
}

}  // namespace host::report

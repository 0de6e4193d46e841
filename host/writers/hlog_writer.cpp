#include "writers/hlog_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/output_file.hpp"
#include "records/hlog.hpp"

namespace host::writers {

void HlogWriter::finish(const records::RunInfo& info, const records::RunResult& result) {
  std::vector<records::HlogEntry> entries;
  if (result.cells) {
    const auto& cells = *result.cells;
    const auto add = [&](std::string tag, double seconds, metrics::Counters cell) {
      if (!cell.response.empty() || tag.empty())
        entries.push_back({std::move(tag), 0, seconds, std::move(cell.response)});
    };
    constexpr auto any = metrics::CounterTable::any;
    add("", result.window_s, cells.sum());
    for (size_t i = 0; i < cells.classes().size(); ++i)
      add(records::hlog_tag("class", cells.classes()[i]), result.window_s, cells.sum(any, i));
    for (size_t i = 0; i < cells.tenants().size() && cells.tenants().size() > 1; ++i)
      add(records::hlog_tag("tenant", cells.tenants()[i]), result.window_s, cells.sum(any, any, i));
    for (size_t i = 0; i < cells.phases().size(); ++i) {
      const auto window = std::ranges::find(result.phase_windows, cells.phases()[i], &records::PhaseWindow::name);
      add(records::hlog_tag("phase", cells.phases()[i]), window == result.phase_windows.end() ? 0 : window->seconds,
          cells.sum(i));
    }
  }
  base::write_file(file_, records::hlog_text(entries, fmt::format("{}: response time in ns; started at {}", info.run_id,
                                                                  info.started_at)));
}

}  // namespace host::writers

#include "writers/hlog_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "records/hlog.hpp"
#include "writers/output_file.hpp"

namespace host {

void HlogWriter::finish(const RunInfo& info, const RunResult& result) {
  std::vector<HlogEntry> entries;
  if (result.cells) {
    const auto& cells = *result.cells;
    const auto add = [&](std::string tag, double seconds, Cell cell) {
      if (!cell.response.empty() || tag.empty())
        entries.push_back({std::move(tag), 0, seconds, std::move(cell.response)});
    };
    constexpr auto any = CellTable::any;
    add("", result.window_s, cells.sum());
    for (size_t i = 0; i < cells.classes().size(); ++i)
      add(hlog_tag("class", cells.classes()[i]), result.window_s, cells.sum(any, i));
    for (size_t i = 0; i < cells.tenants().size() && cells.tenants().size() > 1; ++i)
      add(hlog_tag("tenant", cells.tenants()[i]), result.window_s, cells.sum(any, any, i));
    for (size_t i = 0; i < cells.phases().size(); ++i) {
      const auto window = std::ranges::find(result.phase_windows, cells.phases()[i], &PhaseWindow::name);
      add(hlog_tag("phase", cells.phases()[i]), window == result.phase_windows.end() ? 0 : window->seconds,
          cells.sum(i));
    }
  }
  write_file(file_,
             hlog_text(entries, fmt::format("{}: response time in ns; started at {}", info.run_id, info.started_at)));
}

}  // namespace host

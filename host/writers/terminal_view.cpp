#include "writers/terminal_view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/number_text.hpp"
#include "metrics/definitions.hpp"
#include "records/summary.hpp"

namespace host::writers {
namespace {

constexpr int64_t live_gap_ns = 100'000'000;
constexpr int64_t plain_gap_ns = 10'000'000'000;

// Share of the run that is done; negative when its length is not known.
double progress(const records::Interval& interval, const records::RunInfo& info) {
  if (info.expected_requests > 0)
    return static_cast<double>(interval.total_done) / static_cast<double>(info.expected_requests);
  if (info.expected_duration_s > 0) return interval.end_s / info.expected_duration_s;
  return -1;
}

std::string bar(double done, size_t cells) {
  const auto full = static_cast<size_t>(done * static_cast<double>(cells));
  std::string text(full, '=');
  if (full < cells) text += '>' + std::string(cells - full - 1, ' ');
  return fmt::format("[{}] {:3.0f} %", text, std::min(done * 100, 100.0));
}

std::string latency(const metrics::Histogram& response) {
  for (const auto& statistic : metrics::tail)
    if (const auto ns = metrics::quantile_ns(response, statistic.q))
      return fmt::format("{} {}", statistic.name, base::duration_text(*ns));
  return "p50 n/a";
}

std::string slo(const records::Interval& interval) {
  uint64_t met = 0;
  uint64_t ended = 0;
  for (const auto& row : interval.classes) {
    met += row.slo_met;
    ended += row.ok + row.failed;
  }
  if (ended == 0) return "SLO n/a";
  return "SLO " + base::share_text(static_cast<double>(met) / static_cast<double>(ended));
}

}  // namespace

std::string progress_line(const records::Interval& interval, const records::RunInfo& info, size_t width) {
  const double seconds = interval.end_s - interval.begin_s;
  const auto rate = [&](uint64_t n) {
    return seconds > 0 ? base::rate_text(static_cast<double>(n) / seconds) + "/s" : "n/a";
  };
  std::vector<std::string> parts;
  if (const double done = progress(interval, info); done >= 0)
    parts.push_back(bar(std::clamp(done, 0.0, 1.0), width < 100 ? 10 : 20));
  parts.push_back(base::clock_text(interval.end_s));
  parts.push_back("offered " + rate(interval.offered));
  parts.push_back("ok " + rate(interval.outcomes[static_cast<size_t>(metrics::Outcome::ok)]));
  parts.push_back(latency(interval.response));
  parts.push_back(fmt::format("{} in flight", interval.in_flight));
  parts.push_back(slo(interval));
  parts.push_back(interval.warmup ? "warm-up" : interval.phase);
  std::string line;
  for (const auto& part : parts) {
    if (part.empty()) continue;  // a phase without a name
    const auto gap = line.empty() ? "" : "  ";
    if (line.size() + (line.empty() ? 0 : 2) + part.size() > width) break;
    line += gap + part;
  }
  return line;
}

TerminalView::Screen TerminalView::screen_of(int fd) {
  Screen screen;
  screen.fd = fd;
  const char* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): at start, before any thread
  screen.live = ::isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb" && *term != '\0';
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) screen.width = size.ws_col - 1U;
  return screen;
}

TerminalView::TerminalView(Screen screen, std::function<int64_t()> now_ns)
    : screen_(screen), now_ns_(std::move(now_ns)) {}

TerminalView::~TerminalView() { clear_line(); }

void TerminalView::begin(const records::RunInfo& info) {
  info_ = info;
  if (!screen_.live) next_ns_ = now_ns_() + plain_gap_ns;
}

void TerminalView::take(const records::Interval& interval) {
  const auto now = now_ns_();
  if (now < next_ns_) return;
  next_ns_ = now + (screen_.live ? live_gap_ns : plain_gap_ns);
  const auto line = progress_line(interval, info_, screen_.width);
  if (screen_.live) {
    print("\r" + line + "\033[K");
    drawn_ = true;
  } else {
    print(line + "\n");
  }
}

void TerminalView::finish(const records::RunInfo& /*info*/, const records::RunResult& /*result*/) { clear_line(); }

void TerminalView::clear_line() {
  if (std::exchange(drawn_, false)) print("\r\033[K");
}

void TerminalView::print(const std::string& text) const {
  [[maybe_unused]] const auto written = ::write(screen_.fd, text.data(), text.size());
}

}  // namespace host::writers

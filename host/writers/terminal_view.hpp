// The run as it goes, on stderr.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "records/writer.hpp"

namespace host::writers {

// One line of at most `width` columns, without a newline; what does not fit is left out from the right.
// It shows the highest quantile that the interval has samples enough for.
std::string progress_line(const records::Interval& interval, const records::RunInfo& info, size_t width);

// On a terminal one line, redrawn with each interval; elsewhere a plain line every 10 s of wall-clock time. It uses no
// colour. Failing to write to a screen does not fail a run.
class TerminalView final : public records::Writer {
 public:
  struct Screen {
    int fd = 2;
    bool live = false;   // a line can be redrawn in place
    size_t width = 100;  // columns
  };
  static Screen screen_of(int fd);  // not live when no terminal, or TERM is "dumb" or not set

  explicit TerminalView(Screen screen, std::function<int64_t()> now_ns = base::monotonic_ns);
  ~TerminalView() override;
  TerminalView(const TerminalView&) = delete;
  TerminalView& operator=(const TerminalView&) = delete;
  void begin(const records::RunInfo& info) override;
  void take(const records::Interval& interval) override;
  void finish(const records::RunInfo& info, const records::RunResult& result) override;

 private:
  void print(const std::string& text) const;
  void clear_line();
  Screen screen_;
  std::function<int64_t()> now_ns_;
  records::RunInfo info_;
  int64_t next_ns_ = INT64_MIN;  // not before this time: a simulated day makes 86400 intervals in seconds
  bool drawn_ = false;
};

}  // namespace host::writers

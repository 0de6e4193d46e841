#include "writers/terminal_view.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/number_text.hpp"
#include "writers/sample_run.hpp"

namespace {

host::records::Interval some_interval() {
  host::records::Interval interval;
  interval.begin_s = 11;
  interval.end_s = 12;
  interval.phase = "shared";
  interval.offered = 40;
  interval.outcomes[0] = 38;
  interval.in_flight = 3;
  interval.response.record(12 * sample::ms, 38);
  interval.classes.push_back({"chat", 40, 38, 2, 36, {}});
  interval.total_done = 700;
  return interval;
}

// A view that writes to a file, at times that the test sets.
struct View {
  explicit View(bool live)
      : file(folder / "screen"),
        fd(::open(file.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600)),
        view({fd, live, 80}, [this] { return now_ns; }) {
    view.begin(sample::info());
  }
  ~View() { ::close(fd); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  [[nodiscard]] std::string text() const { return sample::text_of(file); }

  sample::Folder folder{"terminal"};
  std::filesystem::path file;
  int fd;
  int64_t now_ns = 0;
  host::writers::TerminalView view;
};

}  // namespace

TEST_CASE("a progress line shows where the run is and how it goes") {
  CHECK(
      host::writers::progress_line(some_interval(), sample::info(), 120) ==
      "[==========>         ]  50 %  00:12  offered 40.0/s  ok 38.0/s  p50 12.0 ms  3 in flight  SLO 90.00 %  shared");
}

TEST_CASE("a narrow terminal gets what fits, from the left") {
  for (size_t width = 1; width < 130; ++width)
    CHECK(host::writers::progress_line(some_interval(), sample::info(), width).size() <= width);
  CHECK(host::writers::progress_line(some_interval(), sample::info(), 60) ==
        "[=====>    ]  50 %  00:12  offered 40.0/s  ok 38.0/s");
}

TEST_CASE("the highest quantile with samples enough is shown") {
  auto interval = some_interval();
  interval.response.record(12 * sample::ms, 1000);
  CHECK(host::writers::progress_line(interval, sample::info(), 120).find("p99 12.0 ms") != std::string::npos);
  interval.response.clear();
  CHECK(host::writers::progress_line(interval, sample::info(), 120).find("p50 n/a") != std::string::npos);
}

TEST_CASE("a run bounded by time, or by nothing, shows so") {
  auto info = sample::info();
  info.expected_requests = 0;
  CHECK(host::writers::progress_line(some_interval(), info, 120).starts_with("00:12  offered"));
  info.expected_duration_s = 48;
  CHECK(host::writers::progress_line(some_interval(), info, 120).starts_with("[=====>              ]  25 %"));
  auto interval = some_interval();
  interval.warmup = true;
  interval.total_done = 5000;  // past what was expected
  CHECK(host::writers::progress_line(interval, sample::info(), 120).starts_with("[====================] 100 %"));
  CHECK(host::writers::progress_line(interval, sample::info(), 120).ends_with("warm-up"));
}

TEST_CASE("an interval in which nothing happened divides nothing by zero") {
  CHECK(host::writers::progress_line(host::records::Interval{}, sample::info(), 120) ==
        "[>                   ]   0 %  00:00  offered n/a  ok n/a  p50 n/a  0 in flight  SLO n/a");
}

TEST_CASE("where there is no terminal, a plain line comes every 10 s") {
  View screen(false);
  for (int second = 1; second <= 25; ++second) {
    screen.now_ns = second * 1'000'000'000LL;
    screen.view.take(some_interval());
  }
  screen.view.finish(sample::info(), sample::result());
  const auto line = host::writers::progress_line(some_interval(), sample::info(), 80) + "\n";
  CHECK(screen.text() == line + line);
}

TEST_CASE("a terminal's line is redrawn in place and gone at the end") {
  View screen(true);
  const auto line = "\r" + host::writers::progress_line(some_interval(), sample::info(), 80) + "\033[K";
  screen.view.take(some_interval());
  screen.now_ns = 50'000'000;
  screen.view.take(some_interval());  // a simulated run: too soon to redraw
  screen.now_ns = 100'000'000;
  screen.view.take(some_interval());
  screen.view.finish(sample::info(), sample::result());
  CHECK(screen.text() == line + line + "\r\033[K");
}

TEST_CASE("a file is not a terminal") {
  const View screen(false);
  CHECK_FALSE(host::writers::TerminalView::screen_of(screen.fd).live);
}

TEST_CASE("numbers read well at every size") {
  CHECK(host::base::rate_text(0.5) == "0.50");
  CHECK(host::base::rate_text(9'994) == "9994");
  CHECK(host::base::rate_text(12'345) == "12.3k");
  CHECK(host::base::rate_text(1'234'567) == "1.23M");
  CHECK(host::base::ms_text(0.1234) == "0.123");
  CHECK(host::base::ms_text(0.0004) == "<0.001");
  CHECK(host::base::ms_text(1234.5) == "1234");
  CHECK(host::base::ms_text(std::nullopt) == "n/a");
  CHECK(host::base::share_text(0.99999) == "99.99 %");
  CHECK(host::base::share_text(1.0) == "100.00 %");
  CHECK(host::base::duration_text(45) == "45 ns");
  CHECK(host::base::duration_text(2'600) == "2.60 us");
  CHECK(host::base::duration_text(3e9) == "3.00 s");
  CHECK(host::base::clock_text(65) == "01:05");
  CHECK(host::base::clock_text(86'399) == "23:59:59");
}

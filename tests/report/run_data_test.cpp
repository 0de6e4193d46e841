#include "report/run_data.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/json_fields.hpp"
#include "compare/scratch_folder.hpp"
#include "records/hlog.hpp"

namespace host::report {
namespace {

using base::number;

std::string interval(int second, int ok, double p99, bool warmup = false) {
  return fmt::format(
      R"({{"type":"interval","begin_s":{},"end_s":{},"phase":"run","warmup":{},"offered":{},"outcomes":{{"ok":{},"error":0}},)"
      R"("latency_p50":1.0,"latency_p99":{},"noisy":false,"classes":[{{"class":"chat","offered":{},"ok":{},"latency_p99":{}}}]}})"
      "\n",
      second, second + 1, warmup, ok, ok, p99, ok, ok, p99);
}

}  // namespace

TEST_CASE("A run's lines are told apart, and events keep their last state") {
  const compare::ScratchFolder scratch;
  scratch.write("records.jsonl",
                R"({"type":"run","run_id":"r"})"
                "\n" +
                    interval(0, 10, 2.5) +
                    R"({"type":"event","id":1,"kind":"fault","target":"kill-worker","issued_s":0.5,"status":"issued"})"
                    "\n"
                    R"({"type":"request","seq":1,"class":"chat"})"
                    "\n"
                    R"(   {"type":"event","id":2,"kind":"heal","target":"kill-worker","issued_s":0.9,"status":"done"})"
                    "\n"
                    R"({"type":"event","id":1,"kind":"fault","target":"kill-worker","issued_s":0.5,"status":"done"})"
                    "\n"
                    R"({"type":"timeline","seq":3,"class":"chat","due_s":0.1,"done_s":0.2,"steps":[]})"
                    "\n"
                    "    \n" +
                    interval(1, 12, 3.5));
  const auto data = read_run_data(scratch.path());
  CHECK(data.problems.empty());
  REQUIRE(data.intervals.size() == 2);
  CHECK(data.intervals[1]["outcomes"]["ok"] == 12);
  REQUIRE(data.events.size() == 2);
  CHECK(data.events[0]["id"] == 1);
  CHECK(data.events[0]["status"] == "done");
  REQUIRE(data.timeline.size() == 1);
  CHECK(data.timeline[0]["seq"] == 3);
}

TEST_CASE("A file that was cut off, or holds other things, gives what it has and says what it has not") {
  const compare::ScratchFolder scratch;
  scratch.write("records.jsonl", interval(0, 10, 2.5) + "[1,2]\n" + std::string(5 << 20, 'x') + "\n" +
                                     interval(1, 11, 2.5) + R"({"type":"interval","begin_s":2,"en)");
  const auto data = read_run_data(scratch.path());
  CHECK(data.intervals.size() == 2);
  REQUIRE(data.problems.size() == 3);
  CHECK(data.problems[0].ends_with("records.jsonl:2: no JSON object; the run may have been killed"));
  CHECK(data.problems[1].ends_with(":3: left out: longer than 4 MiB"));
  CHECK(data.problems[2].find(":5: ") != std::string::npos);
}

TEST_CASE("A folder without records is a problem, not an exception") {
  const compare::ScratchFolder scratch;
  CHECK(read_run_data(scratch.path()).problems.size() == 1);
  CHECK(read_run_data({}).problems.size() == 1);
  scratch.write("records.jsonl", "");
  scratch.write("latency.hlog", "no histogram\n");
  scratch.write("frontier.json", "[");
  const auto data = read_run_data(scratch.path());
  CHECK(data.latency.empty());
  CHECK(data.frontier.is_null());
  CHECK(data.problems.size() == 2);
}

TEST_CASE("Histograms come by tag") {
  const compare::ScratchFolder scratch;
  std::vector<records::HlogEntry> entries(2);
  for (int i = 1; i <= 1000; ++i) entries[0].histogram.record(i * 1'000'000);
  entries[1].tag = "class:chat";
  entries[1].histogram.record(5'000'000);
  scratch.write("records.jsonl", "");
  scratch.write("latency.hlog", records::hlog_text(entries, "test"));
  const auto data = read_run_data(scratch.path());
  CHECK(data.problems.empty());
  REQUIRE(data.latency.size() == 2);
  CHECK(data.latency.at("").count() == 1000);
  CHECK(static_cast<double>(data.latency.at("").quantile(0.99)) == doctest::Approx(990e6).epsilon(0.002));
  CHECK(data.latency.at("class:chat").count() == 1);
}

TEST_CASE("A long run is merged: no count is lost, the worst percentile is kept, warm-up stays apart") {
  constexpr int seconds = 5003;
  std::string text = interval(0, 1, 1000, true);
  for (int i = 1; i < seconds; ++i) text += interval(i, i, i == 777 ? 99.5 : 2.5);
  const compare::ScratchFolder scratch;
  scratch.write("records.jsonl", text);
  const auto data = read_run_data(scratch.path());
  CHECK(data.intervals.size() <= most_intervals);
  CHECK(data.intervals.size() > most_intervals / 3);
  double ok = 0;
  double of_class = 0;
  double worst = 0;
  double lines = 0;
  double end = 1;
  CHECK(data.intervals[0]["warmup"] == true);
  CHECK(number(data.intervals[0], "end_s") == 1);
  for (size_t i = 1; i < data.intervals.size(); ++i) {
    const auto& point = data.intervals[i];
    CHECK(number(point, "begin_s") == end);  // no gap, no overlap
    end = *number(point, "end_s");
    ok += *number(point["outcomes"], "ok");
    of_class += *number(point["classes"][0], "ok");
    worst = std::max(worst, *number(point, "latency_p99"));
    lines += number(point, "merged").value_or(1);
  }
  CHECK(end == seconds);
  CHECK(lines == seconds - 1);
  CHECK(ok == seconds * (seconds - 1) / 2);
  CHECK(of_class == ok);
  CHECK(worst == 99.5);
}

}  // namespace host::report

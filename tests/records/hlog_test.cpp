#include "records/hlog.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <random>

#include "base/error.hpp"

using namespace host;
using namespace host::records;

namespace {

std::filesystem::path written(const std::string& text) {
  const auto file = std::filesystem::temp_directory_path() / ("hlog_test-" + std::to_string(getpid()) + ".hlog");
  std::ofstream(file) << text;
  return file;
}

std::vector<HlogEntry> read(const std::string& text) {
  const auto file = written(text);
  struct Remove {
    const std::filesystem::path& file;
    ~Remove() { std::filesystem::remove(file); }
  } const remove{file};
  return read_hlog(file);
}

}  // namespace

TEST_CASE("a log reads back as it was written") {
  std::vector<HlogEntry> entries(3);
  std::mt19937_64 random(7);
  std::exponential_distribution<double> latency(1e-7);
  for (int i = 0; i < 10'000; ++i) entries[0].histogram.record(static_cast<int64_t>(latency(random)));
  entries[0].seconds = 12.5;
  entries[1] = {hlog_tag("class", "chat, long"), 1, 2, {}};
  for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{2047}, int64_t{2048}, metrics::buckets::max_value})
    entries[1].histogram.record(value, 3'000'000'000);
  entries[2].tag = "empty";
  const auto back = read(hlog_text(entries, "a comment"));
  REQUIRE(back.size() == 3);
  CHECK(back[0].seconds == 12.5);
  CHECK(back[1].tag == "class:chat__long");
  CHECK(back[1].begin_s == 1);
  CHECK(back[2].histogram.empty());
  for (size_t i = 0; i < 3; ++i) {
    CHECK(back[i].histogram.count() == entries[i].histogram.count());
    for (const double q : {0.0, 0.5, 0.9, 0.99, 0.999, 1.0})
      CHECK(metrics::buckets::position(back[i].histogram.quantile(q)).row ==
            metrics::buckets::position(entries[i].histogram.quantile(q)).row);
    std::vector<std::pair<int64_t, uint64_t>> wrote;
    std::vector<std::pair<int64_t, uint64_t>> found;
    entries[i].histogram.for_each([&](int64_t value, uint64_t count) { wrote.emplace_back(value, count); });
    back[i].histogram.for_each([&](int64_t value, uint64_t count) { found.emplace_back(value, count); });
    CHECK(wrote == found);
  }
}

// Made by the hdrhistogram package 0.10.8 of PyPI:
//   h = HdrHistogram(1, 2**43 - 1, 3)
//   for v, n in ((1, 1), (1000, 2), (2047, 1), (2050, 3), (10**6, 5), (123456789, 7)): h.record_value(v, n)
//   print(h.encode().decode())
TEST_CASE("a log of another implementation is read") {
  const auto back =
      read(std::string("#[Histogram log format version 1.3]\r\n\"StartTimestamp\",\"x\"\r\n"
                       "Tag=a,0.127,1.007,2.769,"
                       "HISTFAAAADB4nJNpmSzMwMAgyAABzFCakYGB/T8I2H+ACjCd5mdZLcDEyLa3j5HrYx4fABZnC/U="
                       "\r\n"));
  REQUIRE(back.size() == 1);
  CHECK(back[0].tag == "a");
  CHECK(back[0].seconds == 1.007);
  const auto& histogram = back[0].histogram;
  CHECK(histogram.count() == 19);
  const auto count_of = [&](int64_t value) {
    uint64_t found = 0;
    histogram.for_each([&](int64_t middle, uint64_t count) {
      const auto a = metrics::buckets::position(middle);
      const auto b = metrics::buckets::position(value);
      if (a.row == b.row && a.column == b.column) found = count;
    });
    return found;
  };
  CHECK(count_of(1) == 1);
  CHECK(count_of(1000) == 2);
  CHECK(count_of(2047) == 1);
  CHECK(count_of(2050) == 3);
  CHECK(count_of(1'000'000) == 5);
  CHECK(count_of(123'456'789) == 7);
}

TEST_CASE("what is no log is refused with its place") {
  std::vector<HlogEntry> one(1);
  one[0].histogram.record(5);
  const auto good = hlog_text(one, "x");
  const auto cut = good.substr(0, good.size() - 9) + "\n";
  auto changed = good;
  changed[changed.size() - 20] = changed[changed.size() - 20] == 'A' ? 'B' : 'A';
  const std::string endless(1'000'000, '1');
  for (const auto& text : {std::string("0,1,2\n"), std::string("0,1,2,%%%%\n"), std::string("0,1,2,AAAA\n"),
                           std::string("a,1,2,AAAA\n"), cut, changed, std::string("Tag=x\n"), endless}) {
    CAPTURE(text);
    try {
      read(text);
      FAIL("read");
    } catch (const base::Error& e) {
      CHECK(std::string(e.what()).find(".hlog:") != std::string::npos);
    }
  }
  CHECK_THROWS_AS(read_hlog("/nowhere/latency.hlog"), base::Error);
}

TEST_CASE("a log may not exhaust memory") {
  std::vector<HlogEntry> one(1);
  one[0].histogram.record(5);
  const auto text = hlog_text(one, "x");
  const auto line = text.substr(text.find("\n0.000") + 1);
  std::string many;
  for (int i = 0; i < 2000; ++i) many += line;
  CHECK(read(many).size() == 2000);
  CHECK_THROWS_WITH_AS(read(many + line), doctest::Contains(".hlog:2001: more than 2000 histograms"), base::Error);
}

TEST_CASE("counts that no run has are refused, in one histogram and in all of a log") {
  std::vector<HlogEntry> huge(1);
  huge[0].histogram.record(5, 1'000'000'000'000'000);
  CHECK(read(hlog_text(huge, "x")).front().histogram.count() == 1'000'000'000'000'000);
  huge[0].histogram.record(6);
  CHECK_THROWS_WITH_AS(read(hlog_text(huge, "x")), doctest::Contains(".hlog:4: the log counts more than 1e15 requests"),
                       base::Error);
  std::vector<HlogEntry> two(2);
  for (auto& entry : two) entry.histogram.record(5, 600'000'000'000'000);
  CHECK_THROWS_WITH_AS(read(hlog_text(two, "x")), doctest::Contains(".hlog:5: the log counts"), base::Error);
}

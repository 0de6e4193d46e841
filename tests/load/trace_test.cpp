#include "load/trace.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/scratch.hpp"
#include "load/trace_file.hpp"

using namespace host;
using namespace host::load;

namespace {

namespace fs = std::filesystem;

const fs::path traces = fs::path(SAGE_TEST_DATA) / "traces";

LoadConfig loaded(const fs::path& file, const char* spread = "none") {
  LoadConfig config;
  config.arrival = Arrival::trace;
  config.trace = file;
  config.trace_spread = spread;
  return config;
}

std::vector<Due> replay(Arrivals& arrivals, size_t batch = 64) {
  std::vector<Due> rows, part(batch);
  for (;;) {
    const auto n = arrivals.next(part.data(), batch);
    rows.insert(rows.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
    if (n < batch) return rows;
  }
}
std::vector<Due> replay(const LoadConfig& config, size_t batch = 64) { return replay(*make_arrivals(config), batch); }

template <class T>
std::vector<T> column(const std::vector<Due>& rows, T Due::*member) {
  std::vector<T> out;
  for (const auto& row : rows) out.push_back(row.*member);
  return out;
}

std::vector<int64_t> times_ms(const std::vector<Due>& rows) {
  std::vector<int64_t> out;
  for (const auto& row : rows) out.push_back(row.at_ns / 1'000'000);
  return out;
}

using Ns = std::vector<int64_t>;
using Tokens = std::vector<uint32_t>;

}  // namespace

TEST_CASE("an Azure trace of 2023: CRLF, seven decimals, midnight, no line end at the end") {
  const auto rows = replay(loaded(traces / "azure_2023.csv"));
  CHECK(column(rows, &Due::at_ns) == Ns{0, 250'000'000, 250'000'100, 2'250'000'100});
  CHECK(column(rows, &Due::units_in) == Tokens{4808, 110, 7433, 34});
  CHECK(column(rows, &Due::units_out) == Tokens{10, 27, 14, 12});
  CHECK(column(rows, &Due::key) == std::vector<uint64_t>(4, 0));
}

TEST_CASE("an Azure trace of 2024: byte order mark, offsets from UTC, columns in another order, a blank line") {
  const auto rows = replay(loaded(traces / "azure_2024.csv"));
  CHECK(column(rows, &Due::at_ns) == Ns{0, 500'000'000, 1'500'000'000});
  CHECK(column(rows, &Due::units_in) == Tokens{2162, 94, 1});
  CHECK(column(rows, &Due::units_out) == Tokens{5, 7, 9});
}

TEST_CASE("timestamps are read to the ns, with their offset from UTC") {
  CHECK(parse_timestamp_ns("1970-01-01 00:00:00") == 0);
  CHECK(parse_timestamp_ns("1970-01-02 00:00:01.000000001") == 86'401'000'000'001);
  CHECK(parse_timestamp_ns("2023-11-16 18:17:03.9799600") == 1'700'158'623'979'960'000);
  CHECK(parse_timestamp_ns("2023-11-16T18:17:03.97996Z") == 1'700'158'623'979'960'000);
  CHECK(parse_timestamp_ns("2023-11-16 20:47:03.97996+02:30") == 1'700'158'623'979'960'000);
  CHECK(parse_timestamp_ns("2023-11-16 13:17:03.97996-05:00") == 1'700'158'623'979'960'000);
  for (const char* text :
       {"", "2023", "2023-11-16", "2023-11-16 18:17", "2023-11-16 18:17:60", "2023-11-16 24:00:00",
        "2023-13-01 00:00:00", "2023-04-31 00:00:00", "1969-12-31 23:59:59", "2023-11-16 18:17:03.",
        "2023-11-16 18:17:03.0123456789", "2023-11-16 18:17:03+2", "2023-11-16 18:17:03 ", "16.11.2023 18:17:03"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_timestamp_ns(text), BadLine);
  }
}

TEST_CASE("a Mooncake trace: times in ms, counted from the first") {
  const auto rows = replay(loaded(traces / "mooncake.jsonl"));
  CHECK(times_ms(rows) == Ns{0, 0, 0, 3000, 3000, 12000, 12000, 12000, 12000});
  CHECK(column(rows, &Due::units_in) == Tokens{6758, 7322, 7236, 2290, 6760, 900, 901, 902, 903});
  CHECK(column(rows, &Due::units_out) == Tokens{500, 490, 794, 316, 3, 1, 2, 3, 4});
}

TEST_CASE("requests whose prompts share their first two blocks share a key") {
  const auto keys = column(replay(loaded(traces / "mooncake.jsonl")), &Due::key);
  CHECK(keys[0] == keys[2]);  // [0,1,2] and [0,1,9]
  CHECK(keys[0] == keys[6]);  // [0,1]
  CHECK(keys[0] == keys[7]);  // [0,1,2,3]
  CHECK(keys[5] == 0);        // []
  auto distinct = keys;
  std::ranges::sort(distinct);
  CHECK(std::ranges::unique(distinct).begin() - distinct.begin() == 6);
}

TEST_CASE("members that a Mooncake trace need not have are passed over") {
  const auto rows = replay(loaded(traces / "mooncake_extra.jsonl"));
  CHECK(column(rows, &Due::at_ns) == Ns{0, 500'000});
  CHECK(column(rows, &Due::units_in) == Tokens{3, 4});
  CHECK(column(rows, &Due::units_out) == Tokens{7, 0});
}

TEST_CASE("uniform spreading fills the time to the next timestamp, at most 3 s, and ends as it went on") {
  // Volleys of 3 at 0 s, 2 at 3 s (the next is 9 s away), 4 at 12 s (there is no next).
  CHECK(times_ms(replay(loaded(traces / "mooncake.jsonl", "uniform"))) ==
        Ns{0, 1000, 2000, 3000, 4500, 12000, 12750, 13500, 14250});
  // A trace with a fine clock is left as it is.
  CHECK(column(replay(loaded(traces / "azure_2023.csv", "uniform")), &Due::at_ns) ==
        Ns{0, 250'000'000, 250'000'100, 2'250'000'100});
}

TEST_CASE("a single volley is spread over 3 s") {
  const TraceFile file(R"({"timestamp": 5, "input_length": 1, "output_length": 1}
{"timestamp": 5, "input_length": 1, "output_length": 1}
)");
  CHECK(times_ms(replay(loaded(file.path, "uniform"))) == Ns{0, 1500});
}

TEST_CASE("speed divides every gap, after spreading") {
  auto config = loaded(traces / "mooncake.jsonl", "uniform");
  config.trace_speed = 4;
  CHECK(times_ms(replay(config)) == Ns{0, 250, 500, 750, 1125, 3000, 3187, 3375, 3562});
  config.trace_speed = 0.5;
  config.trace_spread = "none";
  CHECK(times_ms(replay(config)) == Ns{0, 0, 0, 6000, 6000, 24000, 24000, 24000, 24000});
}

TEST_CASE("a slow replay of a long trace ends at the limit of time instead of overflowing") {
  const TraceFile file(
      "TIMESTAMP,ContextTokens,GeneratedTokens\n1970-01-01 00:00:00,1,1\n2199-12-31 00:00:00,1,1\n"
      "2199-12-31 00:00:01,1,1\n");
  auto config = loaded(file.path);
  config.trace_speed = 0.001;
  const auto rows = replay(config);
  CHECK(rows[1].at_ns == rows[2].at_ns);
  CHECK(rows[2].at_ns > 0);
}

TEST_CASE("a limit cuts the trace first; what is left is spread") {
  auto config = loaded(traces / "mooncake.jsonl", "uniform");
  config.trace_limit = 2;
  CHECK(times_ms(replay(config)) == Ns{0, 1500});
  config.trace_limit = 4;
  CHECK(times_ms(replay(config)) == Ns{0, 1000, 2000, 3000});
  config.trace_limit = 100;
  CHECK(replay(config).size() == 9);
}

TEST_CASE("the size of the batches does not change a replay, and its end stays its end") {
  for (const char* spread : {"none", "uniform"}) {
    const auto config = loaded(traces / "mooncake.jsonl", spread);
    const auto once = column(replay(config), &Due::at_ns);
    for (const size_t batch : {size_t{1}, size_t{2}, size_t{9}})
      CHECK(column(replay(config, batch), &Due::at_ns) == once);
    const auto arrivals = make_arrivals(config);
    replay(*arrivals);
    Due row;
    CHECK(arrivals->next(&row, 1) == 0);
  }
}

TEST_CASE("a check tells how many, how long, how fast, how bursty, and that the clock is coarse") {
  const auto azure = check_trace(traces / "azure_2023.csv", 0);
  CHECK(azure.format == "azure-csv");
  CHECK(azure.rows == 4);
  CHECK(azure.span_s == doctest::Approx(2.2500001));
  CHECK(azure.mean_rate == doctest::Approx(3 / 2.2500001));
  CHECK(azure.cv == doctest::Approx(1.18634194));  // gaps 0.25, 1e-7, 2
  CHECK(azure.quantised_step_s == 0);

  const auto mooncake = check_trace(traces / "mooncake.jsonl", 0);
  CHECK(mooncake.format == "mooncake-jsonl");
  CHECK(mooncake.rows == 9);
  CHECK(mooncake.span_s == 12);
  CHECK(mooncake.mean_rate == doctest::Approx(8.0 / 12));
  CHECK(mooncake.cv == doctest::Approx(2));  // gaps 3, 9 and six times 0
  CHECK(mooncake.quantised_step_s == 6);     // three timestamps in 12 s

  // Half of the rows tied: no coarse clock yet.
  CHECK(check_trace(traces / "mooncake.jsonl", 4).quantised_step_s == 0);

  const auto two = check_trace(traces / "mooncake.jsonl", 2);
  CHECK(two.rows == 2);
  CHECK(two.mean_rate == 0);
  CHECK(two.cv == -1);
  CHECK(two.quantised_step_s == 0);
}

TEST_CASE("quoted fields may hold commas and quotes") {
  const scratch::Folder folder;
  const auto file = folder.write("quoted.csv",
                                 "Note,TIMESTAMP,\"ContextTokens\",GeneratedTokens\n"
                                 "\"sizes,5,6\",2023-11-16 18:17:00.0,1000,\"500\"\n"
                                 "\"a \"\"b\"\",c\",2023-11-16 18:17:01.0,7,8\n");
  const auto rows = replay(loaded(file));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].units_in == 1000);
  CHECK(rows[0].units_out == 500);
  CHECK(rows[1].units_in == 7);
}

TEST_CASE("a trace in seconds where its format says ms is told") {
  const scratch::Folder folder;
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += fmt::format(R"({{"timestamp": {:.1f}, "input_length": 1, "output_length": 1}})"
                         "\n",
                         0.2 * i);
  CHECK(check_trace(folder.write("s.jsonl", lines), 0).note.starts_with("its 40 requests lie within 7.8 ms"));
  std::string whole;
  for (int i = 0; i < 40; ++i)
    whole += fmt::format(R"({{"timestamp": {}, "input_length": 1, "output_length": 1}})"
                         "\n",
                         i / 4);
  CHECK(check_trace(folder.write("whole.jsonl", whole), 0).note.starts_with("its 40 requests lie within 9 ms"));
  CHECK(check_trace(traces / "mooncake.jsonl", 0).note.empty());
}

TEST_CASE("a pause that a run would wait through for weeks is refused, unless it is replayed faster") {
  CHECK_THROWS_AS(check_trace(traces / "broken" / "years_between.csv", 0), base::Error);
  CHECK(check_trace(traces / "broken" / "years_between.csv", 1).rows == 1);
  CHECK(check_trace(traces / "broken" / "years_between.csv", 0, 1000).rows == 2);
}

TEST_CASE("notes tell what was replayed") {
  auto config = loaded(traces / "mooncake.jsonl", "uniform");
  config.trace_speed = 2;
  const auto arrivals = make_arrivals(config);
  replay(*arrivals);
  CHECK(arrivals->notes() == nlohmann::json{{"process", "trace"},
                                            {"file", "mooncake.jsonl"},
                                            {"format", "mooncake-jsonl"},
                                            {"rows", 9},
                                            {"span_s", 12.0},
                                            {"mean_rate", check_trace(config.trace, 0).mean_rate},
                                            {"cv", check_trace(config.trace, 0).cv},
                                            {"quantised_step_s", 6.0},
                                            {"spread", "uniform"},
                                            {"speed", 2.0}});
}

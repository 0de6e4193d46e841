#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "load/trace.hpp"
#include "load/trace_file.hpp"

using namespace host;
using namespace host::load;

namespace {

namespace fs = std::filesystem;

const fs::path traces = fs::path(SAGE_TEST_DATA) / "traces";

LoadConfig loaded(const fs::path& file) {
  LoadConfig config;
  config.arrival = Arrival::trace;
  config.trace = file;
  return config;
}

// The text of the error, without the name of the file.
std::string refusal(const fs::path& file) {
  try {
    check_trace(file, 0);
  } catch (const base::Error& error) {
    CHECK(error.code() == base::Exit::usage);
    const std::string text = error.what();
    REQUIRE(text.starts_with(file.string() + ":"));
    return text.substr(file.string().size() + 1);
  }
  return "accepted";
}

}  // namespace

TEST_CASE("each broken trace is refused with its line, what was found and what was expected") {
  const std::string whole = "expected a whole number from 0 to 4294967295";
  const std::string cut = " (the last line, without a line end: is the file cut short?)";
  const std::string neither =
      " begins neither an Azure trace (a header TIMESTAMP,ContextTokens,GeneratedTokens) nor a Mooncake trace (JSON "
      "objects, one a line)";
  const std::map<std::string, std::string> expected = {
      {"array_file.jsonl", "1: '['" + neither},
      {"array_line.jsonl", "2: a JSON array, expected an object"},
      {"backwards.csv", "4: the time is 0.5 s before that of line 2, expected the order of time; sort the trace"},
      {"backwards.jsonl", "2: the time is 0.003 s before that of line 1, expected the order of time; sort the trace"},
      {"blank.csv", " the trace is empty"},
      {"blocks_not_array.jsonl", "1: hash_ids is an object, expected an array of whole numbers"},
      {"blocks_not_numbers.jsonl", "1: hash_ids holds 'a', expected an array of whole numbers"},
      {"cut_short.csv", "3: 1 columns, expected 3 as in the header" + cut},
      {"cut_short.jsonl",
       "2: not a JSON object: column 41: syntax error while parsing object key - invalid string: missing closing "
       "quote; "
       "last read: '\"'; expected string literal" +
           cut},
      {"empty.csv", " the trace is empty"},
      {"fractional_length.jsonl", "1: output_length is 0.5, " + whole},
      {"header_only.csv", "1: the trace has a header and no requests"},
      {"key_twice.jsonl", "1: 'timestamp' twice in one object"},
      {"many_tokens.csv", "2: GeneratedTokens is '4294967296', " + whole},
      {"many_tokens.jsonl", "1: input_length is 4294967296, " + whole},
      {"missing_column.csv",
       "1: the header 'TIMESTAMP,ContextTokens' has no column GeneratedTokens; expected "
       "TIMESTAMP,ContextTokens,GeneratedTokens"},
      {"missing_member.jsonl", "2: no output_length; expected timestamp, input_length and output_length"},
      {"negative_length.jsonl", "1: input_length is -6758, " + whole},
      {"negative_time.jsonl", "1: timestamp is -1, expected ms from 0"},
      {"negative_tokens.csv", "3: ContextTokens is '-1', " + whole},
      {"no_header.csv", "1: '2023-11-16 18:17:03.9799600,4808,10'" + neither},
      {"no_such_day.csv",
       "2: TIMESTAMP is '2023-02-29 18:17:04', expected a date and time such as 2023-11-16 18:17:03.9799600"},
      {"not_utf8.csv", "2: ContextTokens is '\\xff1', " + whole},
      {"not_utf8.jsonl",
       "1: not a JSON object: column 11: syntax error while parsing value - invalid string: ill-formed UTF-8 byte; "
       "last "
       "read: '\"\\xff'"},
      {"quote_without_end.csv", "2: a quoted field has no end on its line"},
      {"short_row.csv", "3: 2 columns, expected 3 as in the header"},
      {"text_time.jsonl", "1: timestamp is '2023-11-16', expected ms from 0"},
      {"time_in_ns.jsonl", "1: timestamp is 1700158623000000000, expected ms from 0 to 7260000000000"},
      {"two_objects.jsonl",
       "1: not a JSON object: column 81: syntax error while parsing value - unexpected '{'; expected end of input"},
      {"years_between.csv",
       "3: a pause of 3653 days before it, in which the run would wait; cut the trace there (--trace-limit), or replay "
       "it "
       "faster (--trace-speed)"},
      {"unix_time.csv", "2: TIMESTAMP is '1700158623', expected a date and time such as 2023-11-16 18:17:03.9799600"},
  };
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(traces / "broken"))
    found[entry.path().filename().string()] = refusal(entry.path());
  for (const auto& [file, text] : expected) {
    CAPTURE(file);
    CHECK(found[file] == text);
  }
  CHECK(found.size() == expected.size());
}

TEST_CASE("what is no text, or no file, is refused for what it is") {
  CHECK(refusal(traces / "nothing.csv") == " no such trace file; give --trace the path of a CSV or JSONL trace");
  CHECK(refusal(traces) == " is a folder; give --trace one file in it");
  CHECK(refusal("/dev/null") ==
        " is not a regular file, and a trace is read twice; write it to a file and give --trace that");
  CHECK(refusal(TraceFile("\x1f\x8b\x08").path) == "1: the file is compressed; unpack it first");
  CHECK(refusal(TraceFile("\xff\xfeT").path) == "1: the file is UTF-16 text; convert it to UTF-8 first");
}

TEST_CASE("a line may be long, but not without end") {
  const std::string row = R"({"timestamp": 0, "input_length": 1, "output_length": 1, "note": ")";
  const std::string end = "\"}\n";
  const auto fill = LineReader::longest_line - row.size() - end.size() + 1;
  CHECK(check_trace(TraceFile(row + std::string(fill, 'x') + end + row + end).path, 0).rows == 2);
  CHECK(refusal(TraceFile(row + end + std::string(LineReader::longest_line + 2, 'x') + end).path) ==
        "2: the line is longer than 1048576 bytes; is this a trace?");
}

TEST_CASE("a line broken behind the limit is not read") {
  auto config = loaded(traces / "broken" / "short_row.csv");
  config.trace_spread = "uniform";
  config.trace_limit = 1;
  CHECK(check_trace(config.trace, 1).rows == 1);
  std::vector<Due> rows(2);
  CHECK(make_arrivals(config)->next(rows.data(), 2) == 1);
}

TEST_CASE("a line broken in the middle surfaces when the replay gets there") {
  const auto arrivals = make_arrivals(loaded(traces / "broken" / "short_row.csv"));
  Due row;
  CHECK(arrivals->next(&row, 1) == 1);
  CHECK(row.units_in == 4808);
  CHECK_THROWS_WITH_AS(arrivals->next(&row, 1),
                       doctest::Contains("short_row.csv:3: 2 columns, expected 3 as in the header"), base::Error);
}

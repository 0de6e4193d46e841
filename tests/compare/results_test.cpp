#include "compare/results.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "compare/result_file.hpp"
#include "scratch_folder.hpp"

namespace host::compare {
namespace {

using Paths = std::vector<std::filesystem::path>;

FileResults jsonl(const std::string& text) {
  std::istringstream in(text);
  return read_jsonl(in, "unified_results.jsonl");
}

FileResults csv(const std::string& text) {
  std::istringstream in(text);
  return read_csv(in, "unified_results.csv");
}

constexpr auto header =
    "backend,workload,run_id,seed,nodes,parallelism,throughput,latency_p50,latency_p95,latency_p99,success_rate,"
    "duration_seconds,timestamp,config_hash,backend_hash";

std::string record(const std::string& backend, const std::string& run_id, const std::string& more = "") {
  return fmt::format(
      R"({{"backend":"{}","workload":"Q1","run_id":"{}","seed":42,"nodes":1,"parallelism":2,"throughput":40.5,)"
      R"("latency_p50":1.5,"latency_p95":null,"latency_p99":null,"success_rate":1.0,"duration_seconds":2.0,)"
      R"("timestamp":"2026-01-02T03:04:05Z","config_hash":"abc","backend_hash":"def"{}}})"
      "\n",
      backend, run_id, more);
}

bool says(const FileResults& results, size_t line, const std::string& part) {
  return std::ranges::any_of(results.problems, [&](const InputProblem& problem) {
    return problem.line == line && problem.text.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a line of JSON becomes a record; unknown columns are kept") {
  const auto found = jsonl(record("sage", "r1", R"(,"my_column":[1,2],"metadata":{"status":"ok","a":{"b":3}})"));
  REQUIRE(found.records.size() == 1);
  const auto& r = found.records[0];
  CHECK(r.backend == "sage");
  CHECK(r.seed == 42);
  CHECK(r.throughput == 40.5);
  CHECK_FALSE(r.latency_p99);
  CHECK(r.columns["my_column"].dump() == "[1,2]");
  CHECK(r.metadata({"a", "b"}) == 3);
  CHECK(r.metadata({"a", "b", "c"}).is_null());
  CHECK(r.metadata({"nowhere"}).is_null());
  CHECK(r.status() == "ok");
  CHECK(r.line == 1);
  CHECK(found.problems.empty());
}

TEST_CASE("lines that are no record are told by their number; the others are read") {
  const auto good = record("sage", "r1");
  const auto found = jsonl(good + "{\"backend\":\"sage\",\"work\n" + "[1]\n" + "{\"workload\":\"Q1\"}\n" + "\n" +
                           good.substr(0, good.size() / 2));
  CHECK(found.records.size() == 1);
  CHECK(found.problems.size() == 4);
  CHECK(says(found, 2, "no JSON"));
  CHECK(says(found, 3, "no JSON object"));
  CHECK(says(found, 4, "names no backend"));
  CHECK(says(found, 6, "no JSON"));
}

TEST_CASE("what Python's json writes and JSON does not have is read as not measured") {
  const auto found =
      jsonl(R"({"backend":"ray","workload":"Q1","throughput":NaN,"latency_p50":-Infinity,"latency_p95":Infinity,)"
            R"("success_rate":"0.5","seed":"7","run_id":"NaN, \"Infinity\""})");
  REQUIRE(found.records.size() == 1);
  const auto& r = found.records[0];
  CHECK_FALSE(r.throughput);
  CHECK_FALSE(r.latency_p50);
  CHECK_FALSE(r.latency_p95);
  CHECK(r.success_rate == 0.5);
  CHECK(r.seed == 7);
  CHECK(r.run_id == "NaN, \"Infinity\"");  // in a string they are text
  CHECK(says(found, 1, "3 values are NaN or infinite"));
}

TEST_CASE("values of a wrong type are problems, never a crash") {
  const auto found = jsonl(R"({"backend":"ray","workload":"Q1","throughput":{"a":1},"seed":1.5,"nodes":1e300,)"
                           R"("parallelism":18446744073709551615,"latency_p99":"fast","metadata":"none","run_id":7})");
  REQUIRE(found.records.size() == 1);
  const auto& r = found.records[0];
  CHECK_FALSE(r.throughput);
  CHECK_FALSE(r.seed);
  CHECK_FALSE(r.nodes);
  CHECK_FALSE(r.parallelism);
  CHECK_FALSE(r.latency_p99);
  CHECK(r.run_id.empty());
  CHECK(r.status() == "ok");
  CHECK(found.problems.size() == 5);
}

TEST_CASE("values that cannot be are told and not read") {
  const auto found = jsonl(
      R"({"backend":"ray","workload":"Q1","throughput":-3,"success_rate":99.5,"latency_p99":-12,"duration_seconds":-1,)"
      R"("metadata":{"metrics":{"total":{"goodput":-1,"slo_attainment":7},"run":{"p99_drift":-5}}}})");
  REQUIRE(found.records.size() == 1);
  const auto& r = found.records[0];
  CHECK_FALSE(r.throughput);
  CHECK_FALSE(r.success_rate);
  CHECK_FALSE(r.latency_p99);
  CHECK_FALSE(r.duration_seconds);
  CHECK(says(found, 1, "success_rate 99.5 is no share of 0..1; read as not measured"));
  CHECK(says(found, 1, "latency_p99 -12 is less than 0"));
  CHECK(says(found, 1, "goodput of total -1 is less than 0"));
  CHECK(says(found, 1, "slo_attainment of total 7 is no share"));
  const auto all = metrics_of(r);
  CHECK_FALSE(records::find(all, "total", "goodput")->value);
  CHECK(records::find(all, "total", "p99_drift")->value == -5);  // a slope
  const auto order = jsonl(R"({"backend":"ray","workload":"Q1","latency_p50":5,"latency_p95":9,"latency_p99":8})");
  CHECK(says(order, 1, "latency percentiles decrease"));
  CHECK_FALSE(order.records[0].latency_p50);
}

TEST_CASE("byte order mark, CRLF and control characters in names") {
  const auto found = jsonl(
      "\xEF\xBB\xBF"
      R"({"backend":"sa\u001b[31mge","workload":"Q1"})"
      "\r\n");
  REQUIRE(found.records.size() == 1);
  CHECK(found.records[0].backend == "sa?[31mge");
  CHECK(found.problems.empty());
}

TEST_CASE("no text of a record keeps what a terminal would act on") {
  const auto found = jsonl(
      "{\"backend\":\"sa\u009bge\",\"workload\":\"Q1\",\"run_id\":\"r\u202e\",\"metadata\":{\"status\":\"failed\","
      "\"reason\":\"a\\nb\",\"metrics\":{\"classes\":[{\"class\":\"\\u001b[2J\",\"throughput\":1}]}}}");
  REQUIRE(found.records.size() == 1);
  const auto& r = found.records[0];
  CHECK(r.backend == "sa?ge");
  CHECK(r.run_id == "r?");
  CHECK(r.metadata({"reason"}) == "a b");
  CHECK(records::find(metrics_of(r), "class:?[2J", "throughput") != nullptr);
}

TEST_CASE("a run that left a stream and no results is named") {
  const ScratchFolder scratch;
  scratch.write("done/unified_results.jsonl", record("sage", "r1"));
  scratch.write("done/records.jsonl", "{}");
  scratch.write("killed/records.jsonl", "{}");
  const auto found = read_results(Paths{scratch.path()});
  CHECK(found.records.size() == 1);
  REQUIRE(found.problems.size() == 1);
  CHECK(found.problems[0].file == scratch.path() / "killed");
  CHECK(found.problems[0].text.starts_with("a run without results: it was killed"));
  CHECK_THROWS_AS(read_results(Paths{scratch.path() / "killed"}), base::Error);
}

TEST_CASE("hostile JSON is refused with its reason") {
  const auto good = record("sage", "r1");
  const auto deep = jsonl(std::string(100'000, '[') + "\n" + good);
  CHECK(deep.records.size() == 1);
  CHECK(says(deep, 1, "nested more than"));
  std::string wide = "{";
  for (int i = 0; i < 20'000; ++i) wide += fmt::format("\"k{}\":1,", i);
  const auto many = jsonl(wide + "\"z\":1}\n" + good);
  CHECK(many.records.size() == 1);
  CHECK(says(many, 1, "more than 10000 keys"));
  const auto huge = jsonl("{\"backend\":\"" + std::string(longest_line, 'x') + "\"}\n" + good);
  CHECK(huge.records.size() == 1);
  CHECK(says(huge, 1, "longer than 16 MiB"));
  std::string noise;
  for (int i = 0; i < 1000; ++i) noise += "garbage\n";
  const auto many_problems = jsonl(noise + good);
  CHECK(many_problems.records.size() == 1);
  CHECK(many_problems.problems.size() == most_problems + 1);
  CHECK(says(many_problems, 0, "950 more"));
}

TEST_CASE("CSV: quotes, line ends in fields, empty fields, unknown columns") {
  const auto found = csv(std::string("\xEF\xBB\xBF") + header + ",note\r\n" +
                         "sage,Q1,\"run \"\"1\"\", first\",42,1,2,40.5,,,,1.0,2,t,abc,def,\"two\r\nlines\"\r\n" +
                         "ray,Q1,r2,42,1,2,nan,1e3,,,1.0,2,t,abc,def,last");  // no line end
  REQUIRE(found.records.size() == 2);
  CHECK(found.records[0].run_id == "run \"1\", first");
  CHECK(found.records[0].throughput == 40.5);
  CHECK_FALSE(found.records[0].latency_p50);
  CHECK(found.records[0].columns["latency_p50"].is_null());
  CHECK(found.records[0].columns["note"] == "two  lines");
  CHECK_FALSE(found.records[1].throughput);
  CHECK(found.records[1].latency_p50 == 1000);
  CHECK(found.records[1].line == 4);  // the field with a line end counts
  CHECK(says(found, 4, "throughput is no finite number"));
}

TEST_CASE("CSV: broken rows are told by their line") {
  const auto found = csv(std::string(header) + "\nsage,Q1\nsage,Q1,r,1,1,1,1,1,1,1,1,1,t,h,h\n\n\"sage,Q1\n");
  CHECK(found.records.size() == 1);
  CHECK(says(found, 2, "2 fields, the header has 15"));
  CHECK(says(found, 5, "has no end"));
  CHECK(says(csv("a,b\n1,2\n"), 1, "no column 'backend'"));
  CHECK(csv("").records.empty());
  const auto wide = csv(std::string(header) + "\n" + std::string(5000, ',') + "\nsage,Q1,r,1,1,1,1,1,1,1,1,1,t,h,h\n");
  CHECK(wide.records.size() == 1);
  CHECK(says(wide, 2, "more than 1000 fields"));
  const auto bytes = csv(std::string(header) + "\nsa\xffge,Q1,r,1,1,1,1,1,1,1,1,1,t,h,h\n");
  REQUIRE(bytes.records.size() == 1);
  CHECK(bytes.records[0].backend == "sa\xEF\xBF\xBDge");
}

TEST_CASE("a folder is searched; CSV beside JSON lines and a collection beside its cells count once") {
  const ScratchFolder scratch;
  const auto r1 = record("sage", "r1", R"(,"metadata":{"status":"ok"})");
  const auto r2 = record("sage", "r2", R"(,"metadata":{"status":"ok"})");
  const auto row = [](const char* run_id) {
    return fmt::format("sage,Q1,{},42,1,2,40.5,1.5,,,1.0,2.0,2026-01-02T03:04:05Z,abc,def\r\n", run_id);
  };
  scratch.write("a/r1/unified_results.jsonl", r1);
  scratch.write("a/r1/unified_results.csv", std::string(header) + "\r\n" + row("r1"));
  scratch.write("a/r1/records.jsonl", "");
  scratch.write("a/unified_results.csv", std::string(header) + "\r\n" + row("r1") + row("r2"));
  scratch.write("b/unified_results.jsonl",
                record("sage", "r1", R"(,"metadata":{"status":"ok","pair":{"run_id":"p","repetition":1}})") + r2);
  scratch.write("b/probes/p1/unified_results.jsonl", record("sage", "probe"));
  scratch.write("b/other.jsonl", record("sage", "other"));
  std::filesystem::create_directory_symlink(scratch.path(), scratch.path() / "b/loop");

  const auto found = read_results(Paths{scratch.path()});
  REQUIRE(found.records.size() == 2);
  const auto first = std::ranges::find(found.records, "r1", &ResultRecord::run_id);
  const auto second = std::ranges::find(found.records, "r2", &ResultRecord::run_id);
  REQUIRE((first != found.records.end() && second != found.records.end()));
  CHECK(first->metadata({"pair", "repetition"}) == 1);  // what the collection knows more
  CHECK(first->folder.filename() == "r1");              // and where the run's own files lie
  CHECK(second->status() == "ok");
  CHECK(second->columns.contains("metadata"));  // the JSON line won over the CSV row
  CHECK(found.problems.empty());

  CHECK(read_results(Paths{scratch.path() / "b/other.jsonl"}).records[0].run_id == "other");
}

TEST_CASE("the same line twice in one file is two repetitions, in two files one") {
  const ScratchFolder scratch;
  const auto twice = record("sage", "r1") + record("sage", "r1");
  scratch.write("a/unified_results.jsonl", twice);
  scratch.write("b/unified_results.jsonl", twice);
  CHECK(read_results(Paths{scratch.path()}).records.size() == 2);
  CHECK(read_results(Paths{scratch.path() / "a", scratch.path() / "a"}).records.size() == 2);
}

TEST_CASE("a run with an id of its own counts once however often it stands in a file, and that is told") {
  const ScratchFolder scratch;
  const std::string ours = R"({"backend":"sage","workload":"Q1","run_id":"r1","metadata":{"status":"ok"}})"
                           "\n";
  scratch.write("a/unified_results.jsonl", ours + ours + ours);
  const auto found = read_results(Paths{scratch.path()});
  CHECK(found.records.size() == 1);
  REQUIRE(found.problems.size() == 2);
  CHECK(found.problems[0].text == "run r1 stands in the file before; counted once");
}

TEST_CASE("keys and columns that stand twice are told") {
  const auto lines = jsonl(R"({"backend":"ray","workload":"Q1","latency_p99":9,"latency_p99":1})");
  CHECK(says(lines, 1, "'latency_p99' stands twice in an object"));
  const auto rows = csv(std::string(header) + ",throughput\nsage,Q1,r,1,1,1,1,1,1,1,1,1,t,h,h,5\n");
  CHECK(says(rows, 1, "column 'throughput' stands twice"));
}

TEST_CASE("a row of a CSV says neither how the run ended nor by which clock") {
  const ScratchFolder scratch;
  scratch.write("a/unified_results.csv", std::string(header) + "\nsage,Q1,r,1,1,1,1,1,1,1,1,1,t,h,h\n");
  CHECK(read_results(Paths{scratch.path()}).records.at(0).status() == "unjudged");
}

TEST_CASE("sides are backends or inputs") {
  const ScratchFolder scratch;
  scratch.write("before/unified_results.jsonl", record("sage", "r1"));
  scratch.write("after/unified_results.jsonl", record("sage", "r1"));
  scratch.write("both/unified_results.jsonl", record("sage", "r1") + record("ray", "r1"));
  const auto before = scratch.path() / "before";
  const auto after = scratch.path() / "after";
  CHECK(read_results(Paths{before, after}).records.size() == 1);  // the same record
  const auto by_input = read_results(Paths{before, after / ""}, Sides::by_input);
  REQUIRE(by_input.records.size() == 2);
  CHECK(by_input.records[0].side == before.string());
  CHECK(by_input.records[1].side == after.string());
  const auto mixed = read_results(Paths{scratch.path() / "both"}, Sides::by_input);
  CHECK(mixed.records[0].side.ends_with("both (sage)"));
  CHECK(mixed.records[1].side.ends_with("both (ray)"));
}

TEST_CASE("no results are one clear error") {
  const ScratchFolder scratch;
  const auto error_of = [](const Paths& inputs) -> std::string {
    try {
      (void)read_results(inputs);
    } catch (const base::Error& e) {
      CHECK(e.code() == base::Exit::usage);
      return e.what();
    }
    return "";
  };
  CHECK(error_of({scratch.path() / "nowhere"}).find("does not exist") != std::string::npos);
  CHECK(error_of({scratch.path()}).find("no records in") != std::string::npos);
  CHECK(error_of({"/dev/null"}).find("neither a folder nor a file") != std::string::npos);
  scratch.write("unified_results.jsonl", "garbage\n");
  CHECK(error_of({scratch.path()}).find("unified_results.jsonl:1: no JSON") != std::string::npos);
}

}  // namespace host::compare

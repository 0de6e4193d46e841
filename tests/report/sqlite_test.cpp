#include "report/sqlite.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "base/error.hpp"
#include "compare/made_results.hpp"
#include "compare/scratch_folder.hpp"
#include "records/hlog.hpp"

namespace host::report {
namespace {

// The rows of a query, values as text, joined by '|'; NULL as "null".
std::vector<std::string> query(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  std::vector<std::string> rows;
  const auto add = [](void* out, int n, char** values, char**) {
    std::string row;
    for (int i = 0; i < n; ++i) row += (i == 0 ? "" : "|") + std::string(values[i] == nullptr ? "null" : values[i]);
    static_cast<std::vector<std::string>*>(out)->push_back(std::move(row));
    return 0;
  };
  const auto status = sqlite3_exec(database, sql.c_str(), add, &rows, nullptr);
  CHECK_MESSAGE(status == SQLITE_OK, sqlite3_errmsg(database));
  sqlite3_close(database);
  return rows;
}

using Rows = std::vector<std::string>;

}  // namespace

TEST_CASE("every metric of a record, with its scope, unit and reason") {
  compare::ResultSet results;
  compare::add(results, {.metadata = nlohmann::ordered_json::parse(R"({"metrics": {
    "total": {"window_seconds": 2, "outcomes": {"ok": 3}, "throughput": 1.5, "ttft_p50": null, "reasons": {"ttft_p50": "none"}},
    "classes": [{"class": "chat", "goodput": 4}, 7], "phase_classes": [{"phase": "p", "class": "chat", "goodput": 5}],
    "disturbances": [{"target": "kill-worker", "mttr": 6}], "run": {"fairness": 0.5, "throughput": 9}}})")});
  const auto all = compare::metrics_of(results.records[0]);
  const auto find = [&](std::string_view scope, std::string_view name) {
    const auto found = std::ranges::find_if(all, [&](const auto& m) { return m.scope == scope && m.name == name; });
    REQUIRE(found != all.end());
    return *found;
  };
  CHECK(find("total", "window_seconds").unit() == "s");
  CHECK(find("total", "outcomes.ok").value == 3);
  CHECK(find("total", "throughput").value == 1.5);  // the first one counts
  CHECK(find("total", "throughput").unit() == "1/s");
  CHECK(find("total", "ttft_p50").value == std::nullopt);
  CHECK(find("total", "ttft_p50").reason == "none");
  CHECK(find("total", "latency_p99").value == 10);  // the record's column
  CHECK(find("class:chat", "goodput").value == 4);
  CHECK(find("phase:p/class:chat", "goodput").value == 5);
  CHECK(find("event:kill-worker", "mttr").value == 6);
  CHECK(find("total", "fairness").value == 0.5);
}

TEST_CASE("the database holds records, what their folders hold, and the comparison") {
  const compare::ScratchFolder scratch;
  std::vector<records::HlogEntry> entries(2);
  for (int i = 0; i < 200; ++i) entries[0].histogram.record(1'000'000);
  entries[1].tag = "class:chat";
  entries[1].histogram.record(5);
  scratch.write("run/latency.hlog", records::hlog_text(entries, "test"));
  scratch.write("run/records.jsonl",
                R"({"type":"interval","begin_s":0,"end_s":1,"warmup":false,"outcomes":{"ok":50},"latency_p99":null})"
                "\n"
                R"({"type":"event","id":3,"kind":"fault","target":"kill-worker","due_s":2.5,"args":{"node":1}})"
                "\nno json\n");
  compare::ResultSet results;
  compare::add(
      results,
      {.side = "sage",
       .metadata = nlohmann::ordered_json::parse(
           R"({"nodes":[{"node":0,"requests":30,"share":1,"busy_s":1.5,"capacity":4},{"node":1,"requests":0}]})")},
      3);
  compare::add(results, {.side = "ray", .throughput = 20}, 3);
  results.records[0].folder = scratch.path() / "run";
  results.problems.push_back({"bad.jsonl", 4, "no JSON"});
  const auto file = scratch.path() / "results.db";
  write_sqlite(compare::compare(results, {}), results, file);

  CHECK(query(file, "PRAGMA user_version") == Rows{"1"});
  CHECK(query(file, "PRAGMA integrity_check") == Rows{"ok"});
  CHECK(query(file, "PRAGMA foreign_key_check").empty());
  CHECK(query(file, "SELECT side, count(*), sum(throughput) FROM runs GROUP BY side ORDER BY side") ==
        Rows{"ray|3|60.0", "sage|3|120.0"});
  CHECK(query(file, "SELECT status, noisy, latency_p95 FROM runs WHERE id = 1") == Rows{"ok|null|null"});
  CHECK(query(file, "SELECT value, unit FROM metrics WHERE run = 1 AND name = 'latency_p99'") == Rows{"9.9|ms"});
  CHECK(query(file, "SELECT value, reason FROM metrics WHERE run = 1 AND name = 'latency_p95'") ==
        Rows{"null|the record has no value"});
  // 200 values have a p95 and no p99; one has none at all
  CHECK(query(file, "SELECT run, scope, quantile, round(latency_ms, 2), samples FROM percentiles") ==
        Rows{"1|total|0.5|1.0|200", "1|total|0.9|1.0|200", "1|total|0.95|1.0|200"});
  CHECK(query(file, "SELECT run, begin_s, merged, ok, error, latency_p99, warmup FROM intervals") ==
        Rows{"1|0.0|1|50.0|null|null|0"});
  CHECK(query(file, "SELECT event, kind, target, due_s, args FROM events") ==
        Rows{R"(3|fault|kill-worker|2.5|{"node":1})"});
  CHECK(query(file, "SELECT * FROM nodes WHERE run = 1") == Rows{"1|0|30|1.0|1.5|4.0", "1|1|0|null|null|null"});
  CHECK(query(file,
              "SELECT baseline, candidate, baseline_n, baseline_median, verdict, better FROM comparisons WHERE "
              "scope = 'total' AND metric = 'throughput'") == Rows{"sage|ray|3|40.0|worse|higher"});
  CHECK(query(file, "SELECT round(ratio, 3), low < ratio, high > ratio FROM comparisons WHERE metric = 'throughput'") ==
        Rows{"0.5|1|1"});
  CHECK(query(file, "SELECT candidate, verdict FROM verdicts") == Rows{"ray|worse"});
  CHECK(query(file, "SELECT file, line, text FROM problems WHERE file IS NOT NULL") == Rows{"bad.jsonl|4|no JSON"});
  CHECK(query(file, "SELECT count(*) FROM problems WHERE text LIKE '%records.jsonl:3:%'") == Rows{"1"});
  CHECK(query(file, "SELECT value FROM settings WHERE name = 'margin'") == Rows{"0.05"});
}

TEST_CASE("text is data, whatever it holds") {
  const compare::ScratchFolder scratch;
  const std::string hostile("'); DROP TABLE runs;--\xff\0x", 25);
  compare::ResultSet results;
  compare::add(results, {.side = hostile, .workload = hostile});
  const auto file = scratch.path() / "a ?mode=memory.db";
  write_sqlite(compare::compare(results, {}), results, file);
  CHECK(query(file, "SELECT side FROM runs") == Rows{"'); DROP TABLE runs;--\xef\xbf\xbd\xef\xbf\xbdx"});
}

TEST_CASE("an older database is replaced, and a failure leaves it and nothing else") {
  const compare::ScratchFolder scratch;
  const auto file = scratch.write("results.db", "something else");
  compare::ResultSet results;
  compare::add(results, {});
  write_sqlite(compare::compare(results, {}), results, file);
  CHECK(query(file, "SELECT count(*) FROM runs") == Rows{"1"});
  scratch.write("folder.db/x", "");
  CHECK_THROWS_WITH_AS(write_sqlite(compare::compare(results, {}), results, scratch.path() / "folder.db"),
                       doctest::Contains("folder.db: a database needs a file"), base::Error);
  CHECK_THROWS_WITH_AS(write_sqlite(compare::compare(results, {}), results, scratch.path() / "none" / "x.db"),
                       doctest::Contains("cannot be written"), base::Error);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(scratch.path())) ++files;
  CHECK(files == 2);
}

}  // namespace host::report

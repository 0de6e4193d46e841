#include "report/sqlite.hpp"
#include "base/json_fields.hpp"

#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "base/output_file.hpp"
#include "records/summary.hpp"
#include "report/cells.hpp"
#include "report/database.hpp"
#include "report/run_data.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

using base::field;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

constexpr auto schema = R"sql(
CREATE TABLE runs(id INTEGER PRIMARY KEY, run_id TEXT, side TEXT NOT NULL, backend TEXT NOT NULL, workload TEXT NOT NULL,
  seed INTEGER, nodes INTEGER, parallelism INTEGER, config_hash TEXT, backend_hash TEXT, status TEXT NOT NULL,
  noisy INTEGER, started_at TEXT, duration_seconds REAL, throughput REAL, latency_p50 REAL, latency_p95 REAL,
  latency_p99 REAL, success_rate REAL, file TEXT NOT NULL, line INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE metrics(run INTEGER NOT NULL REFERENCES runs(id), scope TEXT NOT NULL, name TEXT NOT NULL, value REAL,
  unit TEXT, reason TEXT, PRIMARY KEY(run, scope, name)) WITHOUT ROWID;
CREATE TABLE percentiles(run INTEGER NOT NULL REFERENCES runs(id), scope TEXT NOT NULL, quantile REAL NOT NULL,
  latency_ms REAL NOT NULL, samples INTEGER NOT NULL, PRIMARY KEY(run, scope, quantile)) WITHOUT ROWID;
CREATE TABLE intervals(run INTEGER NOT NULL REFERENCES runs(id), begin_s REAL, end_s REAL, merged INTEGER NOT NULL,
  phase TEXT, warmup INTEGER, offered REAL, ok REAL, error REAL, timeout REAL, rejected REAL, cancelled REAL,
  unfinished REAL, in_flight REAL, blocked_s REAL, latency_p50 REAL, latency_p95 REAL, latency_p99 REAL,
  latency_max REAL, lateness_p99_us REAL, resident_bytes REAL, steal_share REAL, other_cpu_share REAL, noisy INTEGER);
CREATE INDEX intervals_of_run ON intervals(run);
CREATE TABLE events(run INTEGER NOT NULL REFERENCES runs(id), event INTEGER, kind TEXT, target TEXT, due_s REAL,
  issued_s REAL, confirmed_s REAL, status TEXT, text TEXT, args TEXT);
CREATE INDEX events_of_run ON events(run);
CREATE TABLE nodes(run INTEGER NOT NULL REFERENCES runs(id), node INTEGER NOT NULL, requests INTEGER, share REAL,
  busy_s REAL, capacity REAL);
CREATE INDEX nodes_of_run ON nodes(run);
CREATE TABLE comparisons(workload TEXT NOT NULL, config_hash TEXT, seed INTEGER, nodes INTEGER, parallelism INTEGER,
  scope TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT, better TEXT NOT NULL, baseline TEXT NOT NULL,
  candidate TEXT NOT NULL, baseline_n INTEGER NOT NULL, candidate_n INTEGER NOT NULL, baseline_median REAL,
  candidate_median REAL, paired INTEGER NOT NULL, ratio REAL, low REAL, high REAL, p_value REAL, cliffs_delta REAL,
  verdict TEXT NOT NULL, reason TEXT, label TEXT);
CREATE TABLE verdicts(workload TEXT NOT NULL, config_hash TEXT, seed INTEGER, nodes INTEGER, parallelism INTEGER,
  baseline TEXT, candidate TEXT, verdict TEXT NOT NULL, reason TEXT, label TEXT);
CREATE TABLE problems(file TEXT, line INTEGER, text TEXT NOT NULL);
CREATE TABLE settings(name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
)sql";

constexpr std::array quantiles = {0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999};

std::optional<std::string> known(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}
std::optional<int64_t> flag(const Json& value) {
  return value.is_boolean() ? std::optional<int64_t>(value.get<bool>() ? 1 : 0) : std::nullopt;
}
std::optional<int64_t> whole(const Json& value) {
  return value.is_number_integer() ? std::optional(value.get<int64_t>()) : std::nullopt;
}
std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
int64_t size(const std::vector<double>& values) { return static_cast<int64_t>(values.size()); }
std::optional<double> middle(const std::vector<double>& values) {
  return values.empty() ? std::nullopt : std::optional(compare::median(values));
}

class Tables {
 public:
  explicit Tables(SQLite::Database& database) : database_(database) {}

  void add(const compare::ResultRecord& r) {
    runs_.row(nullptr, known(r.run_id), r.side, r.backend, r.workload, r.seed, r.nodes, r.parallelism,
              known(r.config_hash), known(r.backend_hash), r.status(), flag(r.metadata({"noise", "noisy"})),
              known(r.timestamp), r.duration_seconds, r.throughput, r.latency_p50, r.latency_p95, r.latency_p99,
              r.success_rate, r.file.string(), static_cast<int64_t>(r.line), dump(r.columns));
    const auto run = database_.getLastInsertRowid();
    for (const auto& m : compare::metrics_of(r))
      metrics_.row(run, m.scope, m.name, m.value, known(m.unit()),
                   m.value || !m.reason.empty() ? known(m.reason) : "the record has no value");
    for (const auto& n : base::list(r.metadata({"nodes"})))
      if (const auto node = whole(field(n, "node")))
        nodes_.row(run, node, whole(field(n, "requests")), number(n, "share"), number(n, "busy_s"),
                   number(n, "capacity"));
    if (!r.folder.empty()) add(run, read_run_data(r.folder));
  }

  void add(const compare::ComparedConfig& c) {
    for (const auto& m : c.metrics) {
      const auto of_interval = [&](double compare::RatioInterval::*member) {
        return m.interval ? std::optional((*m.interval).*member) : std::nullopt;
      };
      comparisons_.row(c.workload, known(c.config_hash), c.seed, c.nodes, c.parallelism, m.metric.scope, m.metric.name,
                       known(m.metric.unit), metrics::to_string(m.metric.better), m.baseline, m.candidate,
                       size(m.baseline_values), size(m.candidate_values), middle(m.baseline_values),
                       middle(m.candidate_values), int64_t{m.paired}, of_interval(&compare::RatioInterval::ratio),
                       of_interval(&compare::RatioInterval::low), of_interval(&compare::RatioInterval::high),
                       m.ranks ? std::optional(m.ranks->p_value) : std::nullopt, m.delta, compare::to_string(m.verdict),
                       known(m.reason), known(c.label));
    }
  }

  void add(const VerdictRow& row) {
    const auto& c = row.config;
    verdicts_.row(c.workload, known(c.config_hash), c.seed, c.nodes, c.parallelism,
                  row.alone() ? std::nullopt : std::optional(row.baseline().side), row.side.side,
                  compare::to_string(row.judgement.verdict), known(row.judgement.reason), known(c.label));
  }

  void add(const compare::InputProblem& problem) {
    problems_.row(problem.file.string(), static_cast<int64_t>(problem.line), problem.text);
  }
  void add(const char* setting, double value) { settings_.row(setting, value); }

 private:
  void add(int64_t run, const RunData& data) {
    for (const auto& [tag, histogram] : data.latency)
      for (const auto q : quantiles)
        if (const auto ns = metrics::quantile_ns(histogram, q))
          percentiles_.row(run, tag.empty() ? "total" : tag, q, *ns / 1e6, static_cast<int64_t>(histogram.count()));
    for (const auto& i : data.intervals) {
      const auto& of = field(i, "outcomes");
      intervals_.row(run, number(i, "begin_s"), number(i, "end_s"), whole(field(i, "merged")).value_or(1),
                     known(text(i, "phase")), flag(field(i, "warmup")), number(i, "offered"), number(of, "ok"),
                     number(of, "error"), number(of, "timeout"), number(of, "rejected"), number(of, "cancelled"),
                     number(of, "unfinished"), number(i, "in_flight"), number(i, "blocked_s"), number(i, "latency_p50"),
                     number(i, "latency_p95"), number(i, "latency_p99"), number(i, "latency_max"),
                     number(i, "lateness_p99_us"), number(i, "resident_bytes"), number(i, "steal_share"),
                     number(i, "other_cpu_share"), flag(field(i, "noisy")));
    }
    for (const auto& e : data.events)
      events_.row(run, whole(field(e, "id")), known(text(e, "kind")), known(text(e, "target")), number(e, "due_s"),
                  number(e, "issued_s"), number(e, "confirmed_s"), known(text(e, "status")), known(text(e, "text")),
                  dump(field(e, "args")));
    for (const auto& problem : data.problems) problems_.row(nullptr, nullptr, problem);
  }

  SQLite::Database& database_;
  Insert runs_{database_, "runs", 22};
  Insert metrics_{database_, "metrics", 6};
  Insert percentiles_{database_, "percentiles", 5};
  Insert intervals_{database_, "intervals", 24};
  Insert events_{database_, "events", 10};
  Insert nodes_{database_, "nodes", 6};
  Insert comparisons_{database_, "comparisons", 24};
  Insert verdicts_{database_, "verdicts", 10};
  Insert problems_{database_, "problems", 3};
  Insert settings_{database_, "settings", 2};
};

// A name of a column, whatever it holds.
std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

void fill_cells(SQLite::Database& database, const compare::ResultSet& results) {
  const auto columns = cell_columns(results);
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ", ") + quoted(column);
  database.exec(fmt::format("CREATE TABLE cells({})", names));
  Insert cells(database, "cells", static_cast<int>(columns.size()));
  for_each_cell_row(results, [&](std::span<const TableValue> row) { cells.row_of(row); });
}

void fill(SQLite::Database& database, const compare::Comparison& comparison, const compare::ResultSet& results) {
  database.exec(schema);
  {
    Tables tables(database);
    for (const auto& record : results.records) tables.add(record);
    for (const auto& config : comparison.configs) tables.add(config);
    for (const auto& row : verdict_rows(comparison)) tables.add(row);
    for (const auto& problem : comparison.problems) tables.add(problem);
    tables.add("margin", comparison.margin);
    tables.add("confidence", comparison.confidence);
  }
  fill_cells(database, results);
}

// A file that nobody else has open, renamed when it is whole: a journal would protect nothing.
template <class Fill>
void write_database(const std::filesystem::path& file, const Fill& fill_it) {
  std::error_code error;
  if (const auto there = std::filesystem::status(file, error); exists(there) && !is_regular_file(there))
    throw base::usage_error(fmt::format("{}: a database needs a file; choose another name", file.string()));
  base::Replacement replacement(file);
  try {
    SQLite::Database database(replacement.path().string(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");
    fill_it(database);
    database.exec(fmt::format("PRAGMA user_version={}; COMMIT", sqlite_schema_version));
  } catch (const SQLite::Exception& e) {
    throw base::Error(base::Exit::failed, fmt::format("{}: cannot be written: {}; check that the folder has space",
                                                      file.string(), e.what()));
  }
  replacement.put_in_place();
}

}  // namespace

void write_sqlite(const compare::Comparison& comparison, const compare::ResultSet& results,
                  const std::filesystem::path& file) {
  write_database(file, [&](SQLite::Database& database) { fill(database, comparison, results); });
}

void write_cells_sqlite(const compare::ResultSet& results, const std::filesystem::path& file) {
  write_database(file, [&](SQLite::Database& database) { fill_cells(database, results); });
}

}  // namespace host::report

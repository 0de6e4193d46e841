#include "report/figures/figures.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compare/scratch_folder.hpp"
#include "made_experiment.hpp"
#include "records/hlog.hpp"

namespace host::report {
namespace {

using Json = nlohmann::ordered_json;
using doctest::Approx;

std::vector<Figure> figures_of(const compare::ResultSet& results) {
  auto all = experiment_figures(compare::compare(results, {}));
  REQUIRE(all.size() == 1);
  return std::move(all[0].figures);
}

const Figure* find(const std::vector<Figure>& figures, std::string_view id) {
  const auto found = std::ranges::find(figures, id, &Figure::id);
  return found == figures.end() ? nullptr : &*found;
}

const Figure& figure(const std::vector<Figure>& figures, std::string_view id) {
  const auto* found = find(figures, id);
  std::string known;
  for (const auto& each : figures) known += each.id + " ";
  REQUIRE_MESSAGE(found != nullptr, id, " is none of ", known);
  return *found;
}

bool says(const Figure& figure, std::string_view text) { return figure.caption.find(text) != std::string::npos; }

Json rate(double value) { return {{"rate", value}}; }

// Two sides at four rates: latency doubles while throughput grows less and less.
compare::ResultSet load_sweep(size_t repetitions) {
  compare::ResultSet results;
  for (size_t point = 0; point < 4; ++point)
    for (size_t side = 0; side < 2; ++side) {
      constexpr std::array reached = {20.0, 40.0, 70.0, 75.0};
      constexpr std::array latency = {10.0, 12.0, 15.0, 80.0};
      repeat(results,
             {.side = side == 0 ? "unified" : "separated",
              .side_index = side,
              .point = rate(20.0 * static_cast<double>(point + 1)),
              .point_index = point,
              .throughput = reached[point] * (side == 0 ? 1 : 0.8),
              .latency = latency[point]},
             repetitions);
    }
  return results;
}

}  // namespace

TEST_CASE("records of no experiment make no figure, and leave every configuration in detail") {
  compare::ResultSet results = load_sweep(1);
  for (auto& record : results.records) record.columns["metadata"].erase("experiment");
  const auto comparison = compare::compare(results, {});
  CHECK(experiment_figures(comparison).empty());
  CHECK(detailed_configs(comparison) == comparison.configs.size());
}

TEST_CASE("throughput against latency: a line a side, in the order of the rate, with the knee and intervals") {
  const auto figures = figures_of(load_sweep(3));
  const auto& p99 = figure(figures, "load-1-latency-p99");
  REQUIRE(p99.series.size() == 2);
  CHECK(p99.series[0].name == "unified");
  CHECK(p99.series[1].name == "separated");
  CHECK(p99.series[0].color != p99.series[1].color);
  const auto& points = p99.series[0].points;
  REQUIRE(points.size() == 4);
  CHECK(points[2].x == Approx(70).epsilon(0.001));
  CHECK(points[2].y.middle == Approx(15).epsilon(0.001));
  CHECK(points[2].y.interval);
  CHECK(points[2].y.low < 15);
  CHECK(points[2].y.high > 15);
  CHECK(points[2].note == "rate = 60.0, n = 3");
  // 20/10, 40/12, 70/15, 75/80: the third is the largest.
  for (size_t i = 0; i < 4; ++i) CHECK(points[i].ringed == (i == 2));
  CHECK(find(figures, "load-1-latency-p50") != nullptr);
  CHECK(find(figures, "load-1-latency-p95") == nullptr);  // no record has it
  for (const auto* said :
       {"n = 3 runs each", "95 % confidence interval", "Kleinrock 1979", "Real time.", "One seed for all"})
    CHECK_MESSAGE(says(p99, said), p99.caption);
}

TEST_CASE("fewer than three runs have a range, and the caption says so") {
  const auto& figures = figures_of(load_sweep(2));
  const auto& p99 = figure(figures, "load-1-latency-p99");
  const auto& y = p99.series[0].points[0].y;
  CHECK_FALSE(y.interval);
  CHECK(y.low == Approx(9.95));
  CHECK(y.high == Approx(10.05));
  CHECK(says(p99, "n = 2 runs each: the median of the runs, bars their range."));
  CHECK_FALSE(says(p99, "confidence"));
}

TEST_CASE("a share has the mean and an interval within 0 to 1") {
  compare::ResultSet results;
  for (const double attainment : {0.97, 1.0, 1.0}) add(results, {.attainment = attainment});
  const auto figures = figures_of(results);
  const auto& table = figure(figures, "sides");
  const auto at = std::ranges::find(table.columns, "slo_attainment", &FigureColumn::title) - table.columns.begin();
  const auto value = table.rows[0].cells[static_cast<size_t>(at)].value;
  REQUIRE(value);
  // Mean 0.99, deviation 0.01732; t(2) at 97.5 % is 4.3027.
  CHECK(value->middle == Approx(0.99));
  CHECK(value->low == Approx(0.99 - 4.3027 * 0.0173205 / std::sqrt(3)).epsilon(1e-4));
  CHECK(value->high == 1);
  CHECK(says(table, "of shares the mean and Student's"));
  const auto sweep = figures_of(load_sweep(3));
  CHECK(says(figure(sweep, "axis-1-slo-attainment"),
             ": the mean of the runs, bars its 95 % confidence interval (Student's)."));
  CHECK_FALSE(says(figure(sweep, "axis-1-throughput"), "shares"));
}

TEST_CASE("what is INVALID is hollow, what failed is absent, and neither is the knee or on the frontier") {
  auto results = load_sweep(3);
  for (auto& record : results.records) {
    if (record.side != "unified") continue;
    auto& metadata = record.columns["metadata"];
    const auto index = metadata["experiment"]["point_index"];
    if (index == 2) metadata["status"] = "invalid";
    if (index == 3) metadata["status"] = "failed";
  }
  // Of the first point one run alone.
  results.records[0].columns["metadata"]["status"] = "invalid";
  const auto figures = figures_of(results);
  const auto& curve = figure(figures, "load-1-latency-p99");
  const auto& points = curve.series[0].points;
  REQUIRE(points.size() == 3);
  CHECK(points[0].hollow);
  CHECK(points[0].note == "rate = 20.0, n = 2, 1 of 3 runs INVALID");
  CHECK_FALSE(points[1].hollow);
  CHECK(points[2].hollow);
  CHECK(points[2].y.middle == Approx(15).epsilon(0.001));  // the INVALID runs' own
  CHECK(std::ranges::none_of(points, &FigurePoint::ringed));
  CHECK(says(curve, "Hollow: 2 points, of whose runs some are INVALID or failed"));
  CHECK(says(curve, "Absent: 1 point without a value."));
  const auto& pareto = figure(figures, "pareto");
  for (const auto& point : pareto.series[0].points) CHECK((point.pale || !point.hollow));
  const auto& frontier = pareto.series.back();
  REQUIRE(frontier.guide);
  for (const auto& point : frontier.points) CHECK(point.x != Approx(70).epsilon(0.01));
}

TEST_CASE("the frontier has what no other point beats in both, whichever side it is of") {
  const auto figures = figures_of(load_sweep(3));
  const auto& pareto = figure(figures, "pareto");
  REQUIRE(pareto.series.size() == 3);
  // unified has more throughput at the same latency: all of it is on the frontier, nothing of separated.
  CHECK(std::ranges::none_of(pareto.series[0].points, &FigurePoint::pale));
  CHECK(std::ranges::all_of(pareto.series[1].points, &FigurePoint::pale));
  CHECK(pareto.series[2].points.size() == 4);
}

TEST_CASE("limits of the driver are crossed, simulated time and seeds of blocks are said") {
  auto results = load_sweep(3);
  for (auto& record : results.records) {
    auto& metadata = record.columns["metadata"];
    metadata["clock"] = "virtual";
    metadata["experiment"]["seeds"] = "per-block";
    if (metadata["experiment"]["point_index"] == 3) metadata["harness_share"] = {{"limited_by_driver", true}};
  }
  const auto figures = figures_of(results);
  const auto& curve = figure(figures, "load-1-latency-p99");
  CHECK(curve.series[0].points[3].driver_limited);
  CHECK_FALSE(curve.series[0].points[2].driver_limited);
  CHECK(says(curve, "Crossed: 2 points limited by the driver."));
  CHECK(says(curve, "Simulated time: nothing here was measured on hardware."));
  CHECK_FALSE(says(curve, "one and the same run"));
  CHECK(says(curve, "A seed of its own for each block"));
  CHECK(figure(figures, "sides").rows.back().name == "separated (limited by its driver)");
}

TEST_CASE("simulated runs of one seed are no repetitions, a difference within the margin is none, and both are said") {
  compare::ResultSet results;
  for (size_t side = 0; side < 2; ++side)
    for (int i = 0; i < 3; ++i)
      add(results, {.side = side == 0 ? "a" : "b",
                    .side_index = side,
                    .throughput = side == 0 ? 100.0 : 104.0,
                    .latency = side == 0 ? 10.0 : 20.0,
                    .metadata = {{"clock", "virtual"}}});
  const auto figures = figures_of(results);
  const auto& table = figure(figures, "sides");
  CHECK(says(table, "One seed for all repetitions, which makes them one and the same run."));
  CHECK(says(table, "better than every other side by more than 5 %"));
  for (size_t i = 0; i < table.columns.size(); ++i) {
    CHECK_FALSE(table.rows[1].cells[i].best);
    CHECK(table.rows[0].cells[i].best == table.columns[i].title.starts_with("latency"));
  }
}

TEST_CASE("an axis of numbers by factors is logarithmic, one of texts has categories") {
  const auto axis_of = [](const std::vector<Json>& values) {
    compare::ResultSet results;
    for (size_t i = 0; i < values.size(); ++i) add(results, {.point = {{"batch", values[i]}}, .point_index = i});
    return figure(figures_of(results), "axis-1-throughput").x;
  };
  CHECK(axis_of({1, 2, 4, 8, 16, 32}).logarithmic);
  CHECK_FALSE(axis_of({1, 2, 4, 8}).logarithmic);  // not far apart
  CHECK_FALSE(axis_of({1, 11, 21, 31, 41}).logarithmic);
  CHECK(axis_of({10, 9, 8}).ticks == std::vector<double>{8, 9, 10});
  const auto texts = axis_of({"zebra", "ant", "bee"});
  CHECK(texts.categories == std::vector<std::string>{"zebra", "ant", "bee"});  // in the order of the file
}

TEST_CASE("points of a list are told apart by their names, and options that vary together make one line") {
  compare::ResultSet results;
  const std::vector<std::string> names = {"small", "large"};
  for (size_t i = 0; i < 2; ++i) add(results, {.point = Json::object(), .point_index = i, .point_name = names[i]});
  CHECK(figure(figures_of(results), "axis-1-throughput").x.categories == names);
  compare::ResultSet together;
  for (size_t i = 0; i < 3; ++i) add(together, {.point = {{"nodes", i + 1}, {"rate", 20 * (i + 1)}}, .point_index = i});
  const auto figures = figures_of(together);
  REQUIRE(figure(figures, "axis-1-throughput").series.size() == 1);
  CHECK(figure(figures, "axis-1-throughput").series[0].points.size() == 3);
  CHECK(says(figure(figures, "axis-1-throughput"), "Along nodes changes too: rate."));
  CHECK(find(figures, "axis-2-throughput") == nullptr);  // the same points again
  CHECK(find(figures, "heat-throughput-1") == nullptr);  // a diagonal
  CHECK(says(figure(figures, "axis-1-throughput"), "n = 1 run each. Along"));
}

TEST_CASE("by nodes: the capacity of searches, speed-up and efficiency against the ideal") {
  compare::ResultSet results;
  constexpr std::array capacities = {100.0, 180.0, 300.0};
  for (size_t i = 0; i < 3; ++i)
    for (int repetition = 0; repetition < 3; ++repetition)
      add(results, {.point = {{"nodes", 1 << i}},
                    .point_index = i,
                    .metadata = {{"search", {{"capacity", capacities[i] + repetition}}}}});
  const auto figures = figures_of(results);
  const auto& capacity = figure(figures, "scaling-1-capacity");
  REQUIRE(capacity.series.size() == 2);
  CHECK(capacity.series[0].points[1].y.middle == Approx(181).epsilon(0.001));
  CHECK(capacity.series[1].guide);
  CHECK(capacity.title == "Capacity by nodes, against the ideal");
  CHECK(capacity.series[1].points[1].y.middle == Approx(404).epsilon(0.001));  // 4 times the 101 of one node
  const auto& speed_up = figure(figures, "scaling-1-speed-up");
  CHECK(speed_up.series[0].points[2].y.middle == Approx(301.0 / 101).epsilon(0.001));
  CHECK(speed_up.series[0].points[2].y.interval);
  CHECK(speed_up.series[1].points[1].y.middle == 4);
  CHECK(figure(figures, "scaling-1-efficiency").series[0].points[2].y.middle == Approx(301.0 / 404).epsilon(0.001));
  CHECK(find(figures, "scaling-1-throughput") == nullptr);
}

TEST_CASE("jobs side by side: the throughput of each, and what is left of it") {
  compare::ResultSet results;
  constexpr std::array throughput = {100.0, 160.0, 200.0};
  for (size_t i = 0; i < 3; ++i)
    repeat(results, {.point = {{"q1.pipelines", 1 << i}}, .point_index = i, .throughput = throughput[i]}, 3);
  const auto figures = figures_of(results);
  const auto& each = figure(figures, "jobs-1-throughput").series[0].points;
  CHECK(each[2].y.middle == Approx(50).epsilon(0.001));
  CHECK(each[2].y.interval);
  const auto& relative = figure(figures, "jobs-1-efficiency").series[0].points;
  CHECK(relative[1].y.middle == Approx(0.8).epsilon(0.001));
  CHECK(relative[2].y.middle == Approx(0.5).epsilon(0.001));
}

TEST_CASE("two axes: a map for each side on one scale, and lines that fold beyond twelve") {
  compare::ResultSet results;
  size_t index = 0;
  for (int nodes = 1; nodes <= 20; ++nodes)
    for (const double at : {20.0, 40.0}) {
      for (size_t side = 0; side < 2; ++side)
        add(results, {.side = side == 0 ? "a" : "b",
                      .side_index = side,
                      .point = {{"rate", at}, {"nodes", nodes}},
                      .point_index = index,
                      .throughput = at * nodes * (side == 0 ? 1 : 2)});
      ++index;
    }
  const auto figures = figures_of(results);
  const auto& curve = figure(figures, "axis-1-throughput");  // over the rate, a line for each side and number of nodes
  CHECK(curve.series.size() == 12);
  CHECK(curve.series[0].name == "a, nodes = 1");
  CHECK(curve.series[5].name == "a, nodes = 20");
  CHECK(says(curve, "6 of 20 combinations of the other axes are drawn. The table of the runs, cells.csv, has all."));
  CHECK_FALSE(says(figure(figures, "axis-2-throughput"), "combinations"));
  const auto& map = figure(figures, "heat-throughput-1");
  REQUIRE(map.rows.size() == 2);
  REQUIRE(map.columns.size() == 20);
  CHECK(map.columns[1].title == "2");
  CHECK(map.rows[1].cells[2].value->middle == 120);
  CHECK(map.rows[0].cells[0].shade == 0.0);
  CHECK(*map.rows[1].cells[19].shade < 0.51);  // the other side's largest is twice as much
  CHECK(figure(figures, "heat-throughput-2").rows[1].cells[19].shade == 1.0);
}

TEST_CASE("lines of many points are thinned evenly, to what TeX holds") {
  compare::ResultSet results;
  for (size_t i = 0; i < 300; ++i)
    for (size_t side = 0; side < 2; ++side)
      add(results, {.side = side == 0 ? "a" : "b", .side_index = side, .point = {{"batch", i}}, .point_index = i});
  const auto figures = figures_of(results);
  const auto& curve = figure(figures, "axis-1-throughput");
  REQUIRE(curve.series[1].points.size() == 240);
  CHECK(curve.series[1].points.front().x == 0);
  CHECK(curve.series[1].points.back().x == 299);
  CHECK(says(curve, "Of each line 240 points are drawn."));
}

TEST_CASE("axes stand in the order of the file, which the record tells beside the values") {
  compare::ResultSet results;
  for (size_t i = 0; i < 4; ++i) {
    add(results, {.point = {{"nodes", i / 2 + 1}, {"rate", i % 2}}, .point_index = i});
    results.records.back().columns["metadata"]["experiment"]["axes"] = {"rate", "nodes"};
  }
  CHECK(figure(figures_of(results), "heat-throughput-1").row_title == "rate / nodes");
}

TEST_CASE("the best side is marked only where its interval overlaps no other") {
  const auto best = [](double other, size_t repetitions) {
    compare::ResultSet results;
    repeat(results, {.side = "fifo", .side_index = 0, .throughput = 100}, repetitions);
    repeat(results, {.side = "priority", .side_index = 1, .throughput = other}, repetitions);
    const auto figures = figures_of(results);
    const auto& table = figure(figures, "sides");
    const auto column = std::ranges::find(table.columns, "throughput", &FigureColumn::title) - table.columns.begin();
    const auto at = static_cast<size_t>(column);
    return std::pair{table.rows[0].cells[at].best, table.rows[1].cells[at].best};
  };
  CHECK(best(120, 5) == std::pair{false, true});
  CHECK(best(101, 5) == std::pair{false, false});
  CHECK(best(200, 2) == std::pair{false, false});  // ranges decide nothing
}

TEST_CASE("of tenants the distributions, a line for each side and for the phase alone") {
  const compare::ScratchFolder scratch;
  compare::ResultSet results;
  const auto run = [&](const std::string& side, size_t index, int64_t latency_ns, std::vector<std::string> tenants) {
    std::vector<records::HlogEntry> entries(1);
    for (int i = 1; i <= 2000; ++i) entries[0].histogram.record(latency_ns * i / 1000);
    if (tenants.size() > 1) {
      for (const auto& tag : {records::hlog_tag("tenant", "chat"), records::hlog_tag("phase", "solo:chat")}) {
        records::HlogEntry entry{.tag = tag, .begin_s = 0, .seconds = 1, .histogram = {}};
        entry.histogram.merge(entries[0].histogram);
        entries.push_back(std::move(entry));
      }
      entries[0].histogram.record(latency_ns * 1000, 100'000);  // the other tenant's, which must not show
    }
    scratch.write(side + "/latency.hlog", records::hlog_text(entries, "test"));
    auto names = Json::array();
    for (const auto& tenant : tenants) names.push_back({{"tenant", tenant}});
    add(results, {.side = side, .side_index = index, .metrics = {{"tenants", names}}});
    results.records.back().folder = scratch.path() / side;
  };
  run("solo", 0, 10'000'000, {"chat"});
  run("shared", 1, 40'000'000, {"chat", "batch"});
  const auto figures = figures_of(results);
  const auto& cdf = figure(figures, "isolation-1-1");
  REQUIRE(cdf.series.size() == 3);
  CHECK(cdf.series[0].name == "solo");
  CHECK(cdf.series[1].name == "shared");
  CHECK(cdf.series[2].name == "shared, alone");
  const auto median = [](const FigureSeries& series) {
    return std::ranges::find(series.points, 0.5, [](const auto& point) { return point.y.middle; })->x;
  };
  CHECK(median(cdf.series[0]) == Approx(10).epsilon(0.01));
  CHECK(median(cdf.series[1]) == Approx(40).epsilon(0.01));
  CHECK(says(cdf, "solo: 2000 requests of 1 run; shared: 2000 requests of 1 run"));
  CHECK(find(figures, "isolation-2-1") == nullptr);  // batch has no log
}

TEST_CASE("records whose place is broken are figures all the same, or none") {
  compare::ResultSet results;
  add(results, {});
  add(results, {});
  results.records[0].columns["metadata"]["experiment"] = {{"point", 7}, {"side", Json::array()}, {"point_index", "x"}};
  results.records[1].columns["metadata"]["experiment"] = "text";
  const auto all = experiment_figures(compare::compare(results, {}));
  REQUIRE(all.size() == 1);
  CHECK(figure(all[0].figures, "sides").rows.size() == 1);
}

}  // namespace host::report

#include "writers/jsonl_writer.hpp"

#include <doctest/doctest.h>

#include "writers/sample_run.hpp"

using Json = nlohmann::json;

namespace {

Json written_line(const host::records::RequestRow& row) {
  const host::writers::RequestLine line({"chat", "a \"b\""}, {"default"});
  std::string text(line.max_bytes(), '\0');
  text.resize(static_cast<size_t>(line.format(text.data(), row) - text.data()));
  CHECK(text.back() == '\n');
  return Json::parse(text);
}

}  // namespace

TEST_CASE("a request's line has the documented fields") {
  const auto json = written_line(sample::row(3));
  const auto expected = Json::parse(R"({"type":"request","seq":3,"class":"a \"b\"","tenant":"default","phase":0,
    "outcome":"ok","due_ns":3000000,"sent_ns":3000050,"begun_ns":3001000,"first_ns":null,"done_ns":5000000,
    "node":0,"units":7,"digest":"daa66d2c7ddf743f"})");
  CHECK(json == expected);
}

TEST_CASE("the longest line a row can make fits into what was asked for") {
  host::records::RequestRow row;
  row.seq = row.digest = UINT64_MAX;
  row.due_ns = INT64_MIN;
  row.sent_ns = row.begun_ns = row.first_ns = row.done_ns = INT64_MAX;
  row.class_id = row.tenant = row.phase = 255;
  row.outcome = 5;
  row.node = row.units = 65535;
  const auto json = written_line(row);
  CHECK(json["class"].is_null());  // ids without a name
  CHECK(json["outcome"] == "unfinished");
  CHECK(json.dump().size() < host::writers::RequestLine({}, {}).max_bytes());
}

TEST_CASE("sampled requests come before the summary, with their steps by name") {
  const sample::Folder folder("timeline");
  host::writers::JsonlWriter writer(folder / "records.jsonl", false);
  auto result = sample::result();
  for (const auto* stage : {"route", "apply"}) result.stages.push_back({stage, {}, {}});
  result.timeline.resize(2);
  auto& ok = result.timeline[0];
  ok.row = sample::row(3);
  ok.steps[0] = {.stage = 1, .node = 2, .begin_ns = 3'001'000, .end_ns = 4'500'000};
  ok.n_steps = 1;
  auto& lost = result.timeline[1];
  lost.row = sample::row(4);
  lost.row.outcome = static_cast<uint8_t>(host::metrics::Outcome::unfinished);
  lost.row.begun_ns = -1;
  lost.row.tenant = 9;  // an id without a name
  writer.begin(sample::info());
  writer.finish(sample::info(), result);
  const auto lines = sample::lines_of(folder / "records.jsonl");
  REQUIRE(lines.size() == 4);
  CHECK(Json::parse(lines[1]) == Json::parse(R"({"type":"timeline","seq":3,"class":"embed","tenant":"default",
    "outcome":"ok","due_s":0.003,"sent_s":0.00300005,"begun_s":0.003001,"first_s":null,"done_s":0.005,
    "steps":[{"stage":"apply","node":2,"begin_s":0.003001,"end_s":0.0045}]})"));
  CHECK(Json::parse(lines[2]) == Json::parse(R"({"type":"timeline","seq":4,"class":"chat","tenant":null,
    "outcome":"unfinished","due_s":0.004,"sent_s":0.00400005,"begun_s":null,"first_s":null,"done_s":null,"steps":[]})"));
  CHECK(Json::parse(lines[3])["type"] == "summary");
}

TEST_CASE("a run is written in the order in which it happened") {
  const sample::Folder folder("jsonl");
  host::writers::JsonlWriter writer(folder / "records.jsonl", true);
  writer.begin(sample::info());
  const std::vector<host::records::RequestRow> rows = {sample::row(0), sample::row(1)};
  writer.take(rows);
  host::records::Interval interval;
  interval.end_s = 1;
  interval.response.record(5 * sample::ms, 20);
  interval.lateness_p99_ns = -1;
  interval.steal_share = 0.25;
  interval.noisy = true;
  interval.classes.push_back({"chat", 2, 2, 0, 1, {}});
  writer.take(interval);
  host::records::EventRecord event;
  event.kind = "fault";
  event.args = {{"worker", 1}};
  writer.take(event);
  auto info = sample::info();
  info.phases = {};  // phases that events opened are known to the result alone
  writer.finish(info, sample::result());
  const auto lines = sample::lines_of(folder / "records.jsonl");
  std::vector<Json> records;
  for (const auto& text : lines) records.push_back(Json::parse(text));
  REQUIRE(records.size() == 6);
  CHECK(records[0]["type"] == "run");
  CHECK(records[0]["schema_version"] == 1);
  CHECK(records[0]["config"]["seed"] == 42);
  CHECK(records[1]["type"] == "request");
  CHECK(records[2]["seq"] == 1);
  CHECK(records[3]["type"] == "interval");
  CHECK(records[3]["latency_p50"] == doctest::Approx(5).epsilon(0.001));
  CHECK(records[3]["latency_p99"].is_null());  // of 20 samples
  CHECK(records[3]["lateness_p99_us"].is_null());
  CHECK(records[3]["resident_bytes"].is_null());
  CHECK(records[3]["steal_share"] == 0.25);
  CHECK(records[3]["other_cpu_share"].is_null());
  CHECK(records[3]["noisy"] == true);
  CHECK(records[3]["classes"][0]["slo_met"] == 1);
  CHECK(records[4]["type"] == "event");
  CHECK(records[4]["args"]["worker"] == 1);
  CHECK(records[4]["confirmed_s"].is_null());
  CHECK(records[5]["type"] == "summary");
  CHECK(records[5]["phase_names"] == Json::array({"run"}));
  CHECK(records[5]["ledger"]["balanced"] == true);
  CHECK(records[5]["metrics"]["total"]["offered"] == 1400);
}

TEST_CASE("an interval puts everything before it on disk") {
  const sample::Folder folder("jsonl");
  host::writers::JsonlWriter writer(folder / "records.jsonl", true);
  writer.begin(sample::info());
  const auto row = sample::row(0);
  writer.take({&row, 1});
  CHECK(sample::lines_of(folder / "records.jsonl").size() == 1);
  writer.take(host::records::Interval{});
  CHECK(sample::lines_of(folder / "records.jsonl").size() == 3);
}

TEST_CASE("requests are left out unless asked for, and text that is not UTF-8 does no harm") {
  const sample::Folder folder("jsonl");
  host::writers::JsonlWriter writer(folder / "records.jsonl", false);
  auto info = sample::info();
  info.classes = {"ch\xff"};
  writer.begin(info);
  const auto row = sample::row(0);
  writer.take({&row, 1});
  writer.finish(info, host::records::RunResult{});
  const auto lines = sample::lines_of(folder / "records.jsonl");
  CHECK(lines.size() == 2);
  CHECK(Json::parse(lines[0])["classes"][0] == "ch\xEF\xBF\xBD");
}

#include "writers/unified_results.hpp"

#include <doctest/doctest.h>

#include "writers/repro_writer.hpp"
#include "writers/sample_run.hpp"

using Json = nlohmann::ordered_json;

namespace {

const std::vector<std::string> contract = {"backend",     "workload",    "run_id",       "seed",
                                           "nodes",       "parallelism", "throughput",   "latency_p50",
                                           "latency_p95", "latency_p99", "success_rate", "duration_seconds",
                                           "timestamp",   "config_hash", "backend_hash", "metadata"};

std::vector<std::string> keys_of(const Json& record) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : record.items()) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("a record has exactly the contract's keys in the contract's order") {
  CHECK(keys_of(host::writers::unified_record(sample::info(), sample::result())) == contract);
  CHECK(keys_of(host::writers::unified_record(sample::info(), host::records::RunResult{})) == contract);
  CHECK(keys_of(host::writers::failed_record(sample::info(), {})) == contract);
}

TEST_CASE("measures are in ms, per second and shares; metadata holds the rest") {
  const auto record = host::writers::unified_record(sample::info(), sample::result());
  CHECK(record["throughput"] == 1398.0 / 20);
  CHECK(record["latency_p50"].get<double>() == doctest::Approx(10).epsilon(0.001));
  CHECK(record["latency_p99"].get<double>() == doctest::Approx(10).epsilon(0.001));
  CHECK(record["success_rate"] == 1398.0 / 1400);
  CHECK(record["duration_seconds"] == 20.0);
  const auto& metadata = record["metadata"];
  CHECK(metadata["status"] == "ok");
  CHECK(metadata["verdict"] == "pass");
  CHECK(metadata["ledger"]["offered"] == 1480);
  CHECK(metadata["lateness"]["budget_us"] == 1000.0);
  CHECK(metadata["metrics"]["classes"][1]["class"] == "embed");
  CHECK(metadata["metrics"]["classes"][1]["latency_p99"].is_null());  // of 398 samples
  CHECK(metadata["scheduler"] == "default");
}

TEST_CASE("a run of no request has a record of nulls with reasons") {
  const auto record = host::writers::unified_record(sample::info(), host::records::RunResult{});
  for (const auto* key :
       {"throughput", "latency_p50", "latency_p95", "latency_p99", "success_rate", "duration_seconds"})
    CHECK_MESSAGE(record[key].is_null(), key);
  CHECK(record["metadata"]["metrics"]["total"]["reasons"]["success_rate"] == "no request was offered");
}

TEST_CASE("a run that died has a record that says how") {
  const auto record = host::writers::failed_record(sample::info(), {"q6 crashed in plan", "SIGSEGV", "workload.plan"});
  CHECK(record["backend"] == "threads");
  CHECK(record["throughput"].is_null());
  const auto& metadata = record["metadata"];
  CHECK(metadata["status"] == "failed");
  CHECK(metadata["reason"] == "q6 crashed in plan");
  CHECK(metadata["reasons"] == Json::array({"q6 crashed in plan"}));
  CHECK(metadata["signal"] == "SIGSEGV");
  CHECK(metadata["place"] == "workload.plan");
  CHECK(host::writers::failed_record(sample::info(), {"r", "", ""})["metadata"]["signal"].is_null());
}

TEST_CASE("a CSV row quotes what RFC 4180 says, and null is empty") {
  CHECK(host::writers::csv_header() ==
        "backend,workload,run_id,seed,nodes,parallelism,throughput,latency_p50,latency_p95,latency_p99,success_rate,"
        "duration_seconds,timestamp,config_hash,backend_hash\r\n");
  auto info = sample::info();
  info.backend = "a,b";
  info.workload = "say \"hi\"";
  info.run_id = "two\nlines";
  info.config_hash = "c";
  info.backend_hash = "b";
  CHECK(host::writers::csv_row(host::writers::failed_record(info, {})) ==
        "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",42,1,2,,,,,,,2026-11-24T08:19:02.000000+00:00,c,b\r\n");
}

TEST_CASE("both files appear whole, and nothing else stays behind") {
  const sample::Folder folder("unified");
  host::writers::UnifiedResultsWriter writer(folder.path());
  writer.begin(sample::info());
  writer.finish(sample::info(), sample::result());
  const auto lines = sample::lines_of(folder / "unified_results.jsonl");
  REQUIRE(lines.size() == 1);
  CHECK(Json::parse(lines[0])["run_id"] == sample::info().run_id);
  CHECK(sample::text_of(folder / "unified_results.csv").starts_with(host::writers::csv_header()));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("a folder that is missing is an error that names the file") {
  host::writers::UnifiedResultsWriter writer("/nonexistent");
  CHECK_THROWS_WITH_AS(writer.finish(sample::info(), sample::result()), doctest::Contains("/nonexistent/"),
                       host::base::Error);
}

TEST_CASE("the manifest of a run lists the files beside it with their hashes") {
  const sample::Folder folder("repro");
  std::ofstream(folder / "empty").close();
  host::writers::ReproWriter writer(folder.path(), 16, {"sage-host", "run"}, {{"run", {{"seed", 42}}}});
  writer.begin(sample::info());
  writer.finish(sample::info(), sample::result());
  const auto manifest = Json::parse(sample::text_of(folder / "repro_manifest.json"));
  CHECK(manifest["files"] == Json{{"empty", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}});
  CHECK(manifest["run_payload"]["warmup_items"] == 80);
  CHECK(manifest["parity_plan"]["warmup_items"].size() == 80);
  CHECK(manifest["parity_plan"]["benchmark_items"].size() == 1400);
  CHECK(manifest["parity_plan"]["benchmark_batches"].size() == 88);
}

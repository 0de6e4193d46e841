#include "experiment/yaml_experiment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/scratch.hpp"
#include "catalog/toml_section.hpp"
#include "experiment/experiment_file.hpp"

using host::experiment::toml_of_yaml;
using scratch::contains;
using scratch::refusal;

namespace {

using Lines = std::vector<std::string>;

// As the Python package writes one.
constexpr const char* control_plane = R"(experiment:
  name: exp_5_1_control_plane
  description: Control Plane "Unified" Scheduling
  section: '5.1'
hardware:
  gpus: 2
  gpu_type: A100
models:
  llm:
    name: Qwen/Qwen2.5-7B-Instruct
    tensor_parallel: 1
workload:
  total_requests: 1000
  warmup_requests: 100
  llm_ratio: 0.7
  request_rate: 50.0
  arrival_pattern: bursty
  input_tokens:
    min: 256
    max: 512
  output_tokens: {min: 64, max: 256}
  seed: 42
metrics:
  latency_percentiles: [50, 95, 99]
  slo_targets:
    chat_p99_ms: 500
    embedding_p99_ms: 100
  report_interval_s: 10
output:
  results_dir: results
  save_raw_data: true
baselines:
- name: sage_unified
  enabled: true
- name: vllm_only
  enabled: false
- separated
policies: [fifo, slo_aware]
extra: {note: hello}
gateway_url: http://localhost:8888
)";

toml::table mapped(const std::string& text, Lines& left_out, const std::string& file = "q2.yaml") {
  const auto toml = toml_of_yaml(text, file, left_out);
  for (const bool quick : {false, true}) static_cast<void>(host::experiment::read_experiment_file(toml, file, quick));
  return host::catalog::parse_toml(toml, file);
}
toml::table mapped(const std::string& text) {
  Lines left_out;
  return mapped(text, left_out);
}
std::string refused(const std::string& text) {
  return refusal([&] { static_cast<void>(mapped(text)); });
}
bool has(const Lines& lines, std::string_view text) {
  return std::ranges::any_of(lines, [&](const auto& line) { return contains(line, text); });
}

}  // namespace

TEST_CASE("a configuration of the Python package becomes an experiment, and nothing is dropped in silence") {
  Lines left_out;
  const auto table = mapped(control_plane, left_out);
  CHECK(table["schema"].value<int64_t>() == 1);
  CHECK(table["title"].value<std::string>() == "exp_5_1_control_plane");
  CHECK(table["question"].value<std::string>() == "Control Plane \"Unified\" Scheduling");
  CHECK(table["workload"].value<std::string>() == "q2");
  const auto options = table["options"];
  CHECK(options["total_requests"].value<int64_t>() == 1000);
  CHECK(options["warmup_items"].value<int64_t>() == 100);
  CHECK(options["llm_ratio"].value<double>() == 0.7);
  CHECK(options["rate"].value<double>() == 50);
  CHECK(options["arrival"].value<std::string>() == "bursty");
  CHECK(options["input_tokens_min"].value<int64_t>() == 256);
  CHECK(options["output_tokens_max"].value<int64_t>() == 256);
  CHECK(options["seed"].value<int64_t>() == 42);
  CHECK(options["slo_chat_ms"].value<int64_t>() == 500);
  CHECK(options["slo_embedding_ms"].value<int64_t>() == 100);
  CHECK(options["interval"].value<int64_t>() == 10);
  CHECK(options.as_table()->size() == 13);

  const auto* sides = table["side"].as_array();
  REQUIRE(sides != nullptr);
  REQUIRE(sides->size() == 4);
  CHECK(table["side"][0]["name"].value<std::string>() == "sage_unified-fifo");
  CHECK(table["side"][3]["name"].value<std::string>() == "separated-slo_aware");
  CHECK(table["side"][3]["options"]["q2.baseline"].value<std::string>() == "separated");
  CHECK(table["side"][3]["options"]["scheduler"].value<std::string>() == "slo_aware");
  CHECK(table["quick"]["options"]["total_requests"].value<int64_t>() == 100);

  CHECK(has(left_out, "q2.yaml:6:3: hardware.gpus: what the machine has"));
  CHECK(has(left_out, "q2.yaml:10:5: models.llm.name: a model is"));
  CHECK(has(left_out, "q2.yaml:11:5: models.llm.tensor_parallel"));
  CHECK(has(left_out, "q2.yaml:4:3: experiment.section"));
  CHECK(has(left_out, "metrics.latency_percentiles"));
  CHECK(has(left_out, "output.results_dir: give --output-dir"));
  CHECK(has(left_out, "baselines.vllm_only: it is not enabled"));
  CHECK(has(left_out, "extra.note"));
  CHECK(has(left_out, "gateway_url: not known"));
  CHECK(left_out.size() == 11);
}

TEST_CASE("a key that is unknown is named with the nearest") {
  Lines left_out;
  mapped("workload:\n  request_rates: 5\n", left_out);
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0] == "q2.yaml:2:3: workload.request_rates: not known (did you mean 'workload.request_rate'?)");
  left_out.clear();
  mapped("workloads: 5\nworkload:\n  seed:\n", left_out);
  CHECK(has(left_out, "q2.yaml:1:1: workloads: not known (did you mean 'workload'?)"));
  CHECK(has(left_out, "q2.yaml:3:3: workload.seed: it has no value"));
}

TEST_CASE("several values are an axis, one side stands where none is named") {
  const auto table = mapped("workload:\n  request_rate: [10, 20.5]\n");
  CHECK(table["axis"]["rate"][0].value<int64_t>() == 10);
  CHECK(table["axis"]["rate"][1].value<double>() == 20.5);
  CHECK(table["side"].as_array()->size() == 1);
  CHECK(table["side"][0]["name"].value<std::string>() == "as-configured");
}

TEST_CASE("the workload is that which the experiment's name says, else the file's") {
  const auto workload = [](const std::string& text, const std::string& file) {
    Lines left_out;
    return mapped(text, left_out, file)["workload"].value<std::string>().value_or("");
  };
  CHECK(workload("experiment: {name: BurstTown}\n", "q2.yaml") == "q6");
  CHECK(workload("experiment: {name: Noisy tenants}\n", "config/exp-5.3-isolation.yaml") == "q3");
  CHECK(workload("experiment: {name: q7}\n", "x.yaml") == "q7");
  const auto said = refusal([&] { static_cast<void>(workload("experiment: {name: q77}\n", "mine.yaml")); });
  CHECK(contains(said, "mine.yaml: neither experiment.name nor the file's name says which workload"));
}

TEST_CASE("what a workload does not have is left out and said") {
  Lines left_out;
  const auto town =
      mapped("workload: {llm_ratio: 0.75, request_rate: 90}\nbaselines: [separated]\n", left_out, "q6.yaml");
  CHECK(town["options"].as_table()->size() == 1);
  CHECK(has(left_out, "workload.llm_ratio: q6 has transactions"));
  CHECK(has(left_out, "baselines.separated: only q2 has baselines"));
}

TEST_CASE("values that would become something else are refused, texts stay texts") {
  CHECK(
      contains(refused("workload:\n  seed: ${SEED:-42}\n"), "q2.yaml:2:3: variables of the environment are not read"));
  CHECK(contains(refused("workload:\n  seed: {a: 1}\n"), "q2.yaml:2:3: workload.seed takes a value"));
  CHECK(contains(refused("workload:\n  request_rate: []\n"), "the list is empty"));
  CHECK(contains(refused("workload:\n  request_rate: [[1]]\n"), "a list holds values"));
  CHECK(contains(refused("experiment:\n  name: [a]\n"), "q2.yaml:2:3: it must be a text"));
  CHECK(contains(refused("baselines: [ray]\n"), "q2 has no baseline 'ray'; there are unified, separated"));
  CHECK(contains(refused("baselines: [{enabled: true}]\n"), "a baseline is a name"));
  CHECK(contains(refused("baselines: [{name: separated, enabled: maybe}]\n"), "it must be true or false"));
  CHECK(contains(refused("policies: ['a b']\n"), "a policy is the name of a scheduler"));
  const auto options = mapped("workload: {seed: '42', total_requests: 010, request_rate: .5, warmup_requests: 0x10}\n");
  CHECK(options["options"]["seed"].value<std::string>() == "42");
  CHECK(options["options"]["total_requests"].value<std::string>() == "010");
  CHECK(options["options"]["rate"].value<double>() == 0.5);
  CHECK(options["options"]["warmup_items"].value<std::string>() == "0x10");
  const auto title = mapped("experiment:\n  name: \"a\\u0007\\n\\\"b\\\\\"\n");
  CHECK(title["title"].value<std::string>() == "a\x07\n\"b\\");
}

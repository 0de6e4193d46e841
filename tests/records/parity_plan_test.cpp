// Expected permutations come from an independent implementation of the documented rule in Python.
#include "records/parity_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/canonical_json.hpp"
#include "base/hash.hpp"
#include "records/repro_manifest.hpp"

using host::records::deterministic_shuffle;
using host::records::make_parity_plan;
using List = std::vector<uint64_t>;

TEST_CASE("the shuffle is the documented function of its seed") {
  CHECK(deterministic_shuffle(10, 42) == List{8, 3, 6, 5, 4, 0, 9, 2, 1, 7});
  CHECK(deterministic_shuffle(10, 43) == List{4, 9, 2, 1, 6, 0, 8, 3, 5, 7});
  CHECK(host::base::sha256_hex(host::base::canonical_json(deterministic_shuffle(100'000, 7))) ==
        "ec2051f73b1618808eded021d0e4a7d79012412db16551d20d6979bf8cfe6b6a");
  CHECK(deterministic_shuffle(0, 1).empty());
  CHECK(deterministic_shuffle(1, 1) == List{0});
}

TEST_CASE("the warm-up is the head of the schedule; every other request is in exactly one batch") {
  const auto plan = make_parity_plan(15, 5, 4, 42);
  CHECK(plan.warmup == List{0, 1, 2, 3, 4});
  CHECK(plan.batches == std::vector<List>{{13, 8, 11, 10}, {9, 5, 14, 7}, {6, 12}});
  auto all = plan.measured;
  std::sort(all.begin(), all.end());
  CHECK(all == List{5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
}

TEST_CASE("a run of warm-up alone, or of nothing, has no batches") {
  CHECK(make_parity_plan(3, 10, 4, 42).warmup == List{0, 1, 2});
  CHECK(make_parity_plan(3, 10, 4, 42).batches.empty());
  CHECK(make_parity_plan(0, 0, 4, 42).warmup.empty());
}

namespace {
host::records::RunInfo some_info() {
  host::records::RunInfo info;
  info.run_id = "q6-threads-x";
  info.workload = "Q6";
  info.backend = "threads";
  info.seed = 42;
  info.config = {{"seed", 42}};
  info.config_hash = host::base::config_hash(info.config);
  return info;
}
}  // namespace

TEST_CASE("the manifest has the predecessor's layout") {
  const auto manifest =
      host::records::repro_manifest(some_info(), {15, 5, 4, {"sage-host", "run"}, {}, {"/nonexistent"}});
  CHECK(manifest["config_hash"] == some_info().config_hash);
  CHECK(manifest["run_payload"]["workload"] == "Q6");
  CHECK(manifest["run_payload"]["warmup_items"] == 5);
  CHECK(manifest["run_payload"]["sampling_strategy"] == "deterministic_shuffle_v1");
  CHECK(manifest["run_payload"]["effective_config"]["seed"] == 42);
  CHECK(manifest["parity_plan"]["warmup_items"] == nlohmann::ordered_json::parse("[0,1,2,3,4]"));
  CHECK(manifest["parity_plan"]["benchmark_batches"][2] == nlohmann::ordered_json::parse("[6,12]"));
  CHECK(manifest["parity_plan"]["batch_size"] == 4);
  CHECK(manifest["files"].empty());
}

TEST_CASE("a long run's lists become a count and a hash, and beyond that a count") {
  const auto hashed = host::records::repro_manifest(some_info(), {150'000, 100, 16, {}, {}, {}})["parity_plan"];
  CHECK(hashed["warmup_items"]["count"] == 100);
  CHECK(hashed["warmup_items"]["sha256"] == "9dd50adbd73bc58bb391efca85d1436fcc4c19cb0bc2495ec0eeb4c1e42f6952");
  CHECK(hashed["benchmark_items"]["count"] == 149'900);
  CHECK(hashed["benchmark_items"]["sha256"] == "28a5e1756ba106f0c6c39b41e5a85e853eaefaf4112cccadd164a4f375bf94b7");
  CHECK(hashed["benchmark_batches"]["count"] == 9369);
  CHECK(hashed["benchmark_batches"]["sha256"] == "162f12361bdddb52827487832078462e7f60894f49ae7f674cdcae78f821666f");
  const auto counted = host::records::repro_manifest(some_info(), {1'000'000'000, 100, 16, {}, {}, {}})["parity_plan"];
  CHECK(counted["benchmark_items"] == nlohmann::ordered_json{{"count", 999'999'900}});
}

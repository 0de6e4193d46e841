#include "records/repro_manifest.hpp"

#include "base/canonical_json.hpp"
#include "base/hash.hpp"
#include "records/parity_plan.hpp"

namespace host::records {
namespace {

using Json = nlohmann::ordered_json;

Json listed_or_hashed(const nlohmann::json& list, uint64_t requests) {
  if (requests <= max_listed_items) return list;
  return {{"count", list.size()}, {"sha256", base::sha256_hex(base::canonical_json(list))}};
}

Json parity_plan_json(const RunInfo& info, const ReproInput& input) {
  Json out = {{"seed", info.seed}, {"sampling_strategy", sampling_strategy}, {"batch_size", input.parity_batch_size}};
  if (input.requests > max_hashed_items) {
    const auto measured = input.requests - std::min(input.warmup, input.requests);
    const auto batch = std::max<uint64_t>(input.parity_batch_size, 1);
    out["warmup_items"] = {{"count", input.requests - measured}};
    out["benchmark_items"] = {{"count", measured}};
    out["benchmark_batches"] = {{"count", (measured + batch - 1) / batch}};
    return out;
  }
  const auto plan = make_parity_plan(input.requests, input.warmup, input.parity_batch_size, info.seed);
  out["warmup_items"] = listed_or_hashed(plan.warmup, input.requests);
  out["benchmark_items"] = listed_or_hashed(plan.measured, input.requests);
  out["benchmark_batches"] = listed_or_hashed(plan.batches, input.requests);
  return out;
}

}  // namespace

std::string manifest_sha256(Json manifest) {
  manifest.erase("sha256");
  return base::sha256_hex(base::canonical_json(nlohmann::json(std::move(manifest))));
}

Json repro_manifest(const RunInfo& info, const ReproInput& input) {
  auto files = Json::object();
  for (const auto& file : input.files)
    if (std::filesystem::is_regular_file(file)) files[file.filename().string()] = base::sha256_file(file);
  Json out = {{"schema_version", 1},
              {"run_id", info.run_id},
              {"config_hash", info.config_hash},
              {"run_payload",
               {{"workload", info.workload},
                {"backend", info.backend},
                {"seed", info.seed},
                {"warmup_items", input.warmup},
                {"parity_batch_size", input.parity_batch_size},
                {"sampling_strategy", sampling_strategy},
                {"effective_config", info.config}}},
              {"parity_plan", parity_plan_json(info, input)},
              {"options", input.options},
              {"backend_config", info.backend_config},
              {"environment", info.environment},
              {"command_line", input.command_line},
              {"files", files}};
  out["sha256"] = manifest_sha256(out);
  return out;
}

}  // namespace host::records

// Q1 PipelineChain: retrieval-augmented generation, a chain of five stages a request.
//
//   chat       embed -> retrieve -> rerank -> refine -> generate
//   embedding  embed
//
// Inputs are drawn from (seed, seq), so any backend must give the same digests: operators::DigestCheck.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

#include "operators/digest_check.hpp"

namespace workloads {

class PipelineChain final : public sage::Workload {
 public:
  PipelineChain(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  struct TokenRange {
    uint32_t low, high;
  };
  static TokenRange token_range(const sage::Json& options, const char* low, uint32_t low_default, const char* high,
                                uint32_t high_default);
  void describe_basic(const sage::Json& options);
  void fill(sage_request& row) const;

  sage::Description description_;
  uint64_t seed_;
  double llm_ratio_;
  TokenRange input_, output_;
  sage::Draw classes_, inputs_, outputs_;
  operators::DigestCheck check_;  // of the settling thread
};

}  // namespace workloads

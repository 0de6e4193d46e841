// Q1 PipelineChain: retrieval-augmented generation in four shapes; variants.cpp has them.
//
// Inputs are drawn from (seed, seq), and so is whatever a stage knows of other requests (sessions, windows, batches),
// so any backend must give the same digests. The settling thread checks that each result carries the digest it came
// with and puts a sample aside; conclude runs the sample again in this process, one step after the other, when that
// disturbs no measurement any more.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "operators/corpus.hpp"
#include "operators/streams.hpp"
#include "workloads/q1/variants.hpp"

namespace workloads {

class PipelineChain final : public sage::Workload {
 public:
  PipelineChain(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return variant_.description; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  // A result to be computed again.
  struct Sample {
    uint64_t seq;
    uint64_t digest;
    uint32_t units_in, units_out;
  };
  struct Counts {
    uint64_t ok = 0, with_digest = 0, with_result = 0, damaged = 0;
  };
  explicit PipelineChain(Variant variant);
  void fill(sage_request& row) const;
  uint32_t judge(const sage_outcome& row);

  Variant variant_;
  operators::Streams streams_;
  operators::CorpusConfig corpus_;
  uint32_t outputs_min_, outputs_max_;
  uint64_t check_every_;
  sage::Draw outputs_;

  // Of the settling thread.
  Counts counts_;
  std::vector<Sample> samples_;
};

}  // namespace workloads

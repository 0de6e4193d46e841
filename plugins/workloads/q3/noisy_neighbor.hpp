// Q3 NoisyNeighbor: what a heavy tenant does to an interactive one on the same replicas.
//
//   interactive  chat and embedding requests at a low rate, with tight objectives
//   batch, ...   long generations at a high rate, with a loose one: the disturbers
//
// Each tenant runs alone first, then all together while the disturbers' load steps up (tenant_phases.hpp). The host
// makes interference, STP, ANTT and the isolation index from these phases.
//
// Admission holds the disturbers back in a stage `admit` of one replica that they pass first, so that the time they
// wait there is part of their latency:
//   limit      at most `admission_rate` of them a second: a leaky bucket
//   staggered  one starts only when the one before has been at work for as long as it takes alone
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>

#include "operators/common/digest_check.hpp"
#include "operators/model_server/mix.hpp"
#include "workloads/q3/tenant_phases.hpp"

namespace workloads::q3 {

class NoisyNeighbor final : public sage::Workload {
 public:
  NoisyNeighbor(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  std::vector<sage::Event> events(int64_t until_ns) override { return phases_.due(until_ns); }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  void describe_admission(const sage::Json& options);
  void complete(sage_request& row, size_t phase) const;

  operators::model_server::Mix mix_;
  sage::Description description_;
  TenantPhases phases_;  // of the feed's thread; read again when it has ended
  double batch_weight_;
  operators::model_server::TokenRange batch_output_;
  sage::Draw tenants_, batch_outputs_;
  operators::common::DigestCheck check_;  // of the settling thread
};

}  // namespace workloads::q3

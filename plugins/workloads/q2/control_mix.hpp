// Q2 ControlMix: chat and embedding requests on a model server, for what a scheduler and the shape of the pools do to
// each class.
//
//   --baseline unified    one pool serves both classes: short embeddings queue behind long answers
//   --baseline separated  a pool for each class, together as large: neither waits for the other, nor helps it out
//
// A share of the requests is urgent. The tenant says so, `premium` or `standard`, so that every metric exists for both,
// and the priority, for schedulers that look at it.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>

#include "operators/common/digest_check.hpp"
#include "operators/model_server/mix.hpp"

namespace workloads::q2 {

class ControlMix final : public sage::Workload {
 public:
  ControlMix(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  operators::model_server::Mix mix_;
  sage::Description description_;
  operators::common::DigestCheck check_;  // of the settling thread
};

}  // namespace workloads::q2

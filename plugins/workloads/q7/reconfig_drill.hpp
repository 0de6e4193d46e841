// Q7 ReconfigDrill: chat and embedding requests at a steady rate while the deployment changes under them.
//
// Each drill has three phases, before:DRILL, drill:DRILL and after:DRILL, in which the same load is offered. The host
// measures each change: how long it took to take effect, the longest silence, what was missed and what failed. A
// request that is lost, answered twice or answered wrongly shows in the ledger and in the check of digests.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>

#include "operators/common/digest_check.hpp"
#include "operators/common/timeline.hpp"
#include "operators/model_server/mix.hpp"
#include "workloads/q7/drills.hpp"

namespace workloads::q7 {

class ReconfigDrill final : public sage::Workload {
 public:
  ReconfigDrill(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  std::vector<sage::Event> events(int64_t until_ns) override { return timeline_.due(until_ns); }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  void place_drills();

  operators::model_server::Mix mix_;
  sage::Description description_;
  operators::common::Timeline timeline_;
  operators::common::DigestCheck check_;  // of the settling thread
  Drills drills_;
};

}  // namespace workloads::q7

// Q5 HeteroResilience: chat and embedding requests on nodes of different speed and kind, of which the fastest fails and
// comes back.
//
// Stage `chat` needs a node with the ability `llm`, stage `embedding` one with `embedding`. Phases: before, fault,
// after. A backend offers what it can: on one without node classes the run has nodes that are all alike, and where a
// node cannot fail a worker of `chat` does. The report says what was not exercised.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "operators/common/digest_check.hpp"
#include "operators/common/timeline.hpp"
#include "operators/model_server/mix.hpp"

namespace workloads::q5 {

class HeteroResilience final : public sage::Workload {
 public:
  HeteroResilience(sage::Host host, std::string_view id, const sage::Json& options);
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  std::vector<sage::Event> events(int64_t until_ns) override { return timeline_.due(until_ns); }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  void choose_nodes(const sage::Json& options);
  void choose_failure(const sage::Json& options);

  operators::model_server::Mix mix_;
  sage::Description description_;
  operators::common::Timeline timeline_;
  operators::common::DigestCheck check_;  // of the settling thread
  std::string failure_ = "none";
  std::vector<std::string> not_exercised_;
};

}  // namespace workloads::q5

// Q8 RecoverySoak: a long mixed load under a seeded schedule of faults.
//
//   chat, embedding   the mix of the other families, tenant main; stateless, so a backend may run them again
//   transaction       Q6's bank on keyed state, tenant main: money conserved, nothing lost or applied twice
//   noise             tenant noise: the longest prompts and answers, without an objective, in the chat pool
//
// Faults hit workers of the stateless stages, and nodes. What of a request's class, sizes and order is drawn from
// (seed, seq); memory does not grow with the run.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>
#include <vector>

#include "operators/bank/orders.hpp"
#include "operators/bank/replay.hpp"
#include "operators/common/digest_check.hpp"
#include "operators/model_server/mix.hpp"
#include "workloads/q8/faults.hpp"

namespace workloads::q8 {

class RecoverySoak final : public sage::Workload {
 public:
  RecoverySoak(sage::Host host, std::string_view id, const sage::Json& options);
  RecoverySoak(const RecoverySoak&) = delete;  // the judge refers to the orders
  RecoverySoak& operator=(const RecoverySoak&) = delete;
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  std::vector<sage::Event> events(int64_t until_ns) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override;

 private:
  enum class Traffic { mix, transaction, noise };
  [[nodiscard]] Traffic traffic(uint64_t seq) const;
  void fill(sage_request& row) const;

  double transact_share_, noise_share_;
  sage::Draw traffic_;
  operators::model_server::Mix mix_;
  operators::model_server::TokenRange input_, output_;
  operators::bank::Orders orders_;
  sage::Description description_;
  FaultSchedule faults_;
  uint64_t warmup_items_ = 0;
  int64_t begin_ns_ = -1;  // of the window

  // Of the settling thread.
  operators::common::DigestCheck check_;
  operators::bank::Replay replay_;
  std::vector<sage_outcome> of_mix_;
  std::vector<uint32_t> verdicts_;
};

}  // namespace workloads::q8

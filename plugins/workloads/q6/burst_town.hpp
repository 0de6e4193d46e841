// Q6 BurstTown: transactions on keyed state in three priorities, under a bursty arrival process.
//
//   transfer          route -> apply (debit, at the account that pays) -> apply (credit, at the one that is paid)
//   deposit, balance  route -> apply
//   audit             route -> apply: the replica also adds up all its accounts
//
// All pipelines share the stage `apply`, keyed by the account that the step before put first into its output, so that
// its replicas hold the accounts between them. Every operation gets the account's next version, and operators::Replay
// judges the histories. Requests are not marked idempotent: doing one again is what the check is there to find.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

#include "operators/bank/orders.hpp"
#include "operators/bank/replay.hpp"

namespace workloads::q6 {

class BurstTown final : public sage::Workload {
 public:
  BurstTown(sage::Host host, std::string_view id, const sage::Json& options);
  BurstTown(const BurstTown&) = delete;  // the judge refers to the orders
  BurstTown& operator=(const BurstTown&) = delete;
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t replica,
                                                uint32_t replicas) override;
  size_t plan(std::span<sage_request> rows) override;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override;
  sage::Conclusion conclude() override { return replay_.conclude(); }

 private:
  sage::Description description_;
  operators::bank::Orders orders_;
  operators::bank::Replay replay_;  // of the settling thread
  double high_share_, normal_share_;
  sage::Draw priorities_;
};

}  // namespace workloads::q6

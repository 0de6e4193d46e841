// The measured window cut into phases in which different tenants run, with the load of each.
//
//   solo:interactive, solo:batch, ...   each tenant alone, at its share of the rate
//   shared, shared:x1.5, shared:x2      all together, the disturbers' load times a factor
//
// The host's arrival process is stretched or compressed in time, so that a phase's rate is the sum of its tenants'; a
// Poisson process stays one. Phases are equally long: by time if the run is bounded by time, else in the mean.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace workloads::q3 {

struct TenantPhase {
  std::string name;
  std::vector<double> rates;  // by tenant, in parts of the run's rate
  [[nodiscard]] double total() const;
};

// [feed] Follows the schedule row by row.
class TenantPhases {
 public:
  // `load`: the run's load options. Throws sage::Failure for a load without due times or without an end.
  TenantPhases(std::vector<TenantPhase> phases, const sage::Json& load);

  // Sets the row's due time; rows come in order. Returns its phase.
  size_t place(sage_request& row);
  // The phase of a row that was placed before.
  [[nodiscard]] size_t phase_of(uint64_t seq) const;
  // MARK events that are due up to until_ns.
  std::vector<sage::Event> due(int64_t until_ns);
  [[nodiscard]] const std::vector<TenantPhase>& phases() const { return phases_; }

 private:
  void enter(size_t phase, uint64_t seq, int64_t at_ns);

  std::vector<TenantPhase> phases_;
  std::vector<double> ends_;  // by phase: share of the requests, or of the time, until its end
  uint64_t warmup_items_;
  uint64_t total_requests_;
  double duration_s_;
  std::vector<uint64_t> first_seq_;  // by phase entered
  std::vector<sage::Event> marks_;
  int64_t host_due_ns_ = 0;  // of the last row, as the host drew it
  int64_t due_ns_ = 0;       // and as it was placed
  int64_t begin_ns_ = -1;    // of the window
  size_t phase_ = 0;
};

}  // namespace workloads::q3

#include "workloads/q3/tenant_phases.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace workloads::q3 {

double TenantPhase::total() const { return std::accumulate(rates.begin(), rates.end(), 0.0); }

TenantPhases::TenantPhases(std::vector<TenantPhase> phases, const sage::Json& load)
    : phases_(std::move(phases)),
      warmup_items_(load.value("warmup_items", uint64_t{0})),
      total_requests_(load.value("total_requests", uint64_t{0})),
      duration_s_(load.value("duration", 0.0)) {
  const auto arrival = load.value("arrival", std::string("poisson"));
  if (arrival == "closed" || arrival == "offline" || (total_requests_ == 0 && duration_s_ <= 0))
    throw sage::Failure(SAGE_INVALID,
                        "q3 cuts its window into phases: it needs an arrival process with due times and an end; use "
                        "--arrival poisson (or another open one) with --total-requests or --duration");
  double sum = 0;
  for (const auto& phase : phases_) sum += total_requests_ > 0 ? phase.total() : 1;
  double end = 0;
  for (const auto& phase : phases_) ends_.push_back(end += (total_requests_ > 0 ? phase.total() : 1) / sum);
}

size_t TenantPhases::place(sage_request& row) {
  const auto gap_ns = row.due_ns - host_due_ns_;
  host_due_ns_ = row.due_ns;
  if (row.seq < warmup_items_) {  // at the load of the first shared phase, which is the run's rate
    row.due_ns = due_ns_ += gap_ns;
    return phases_.size();
  }
  if (begin_ns_ < 0) {
    begin_ns_ = due_ns_ + gap_ns;
    due_ns_ = begin_ns_;
    enter(0, row.seq, begin_ns_);
  } else if (total_requests_ > 0) {
    const auto share = static_cast<double>(row.seq - warmup_items_) / static_cast<double>(total_requests_);
    while (phase_ + 1 < phases_.size() && share >= ends_[phase_]) enter(phase_ + 1, row.seq, due_ns_ + 1);
    due_ns_ += std::llround(static_cast<double>(gap_ns) / phases_[phase_].total());
  } else {
    auto left = static_cast<double>(gap_ns);  // of the host's time
    for (;;) {
      const auto end_ns = begin_ns_ + std::llround(ends_[phase_] * duration_s_ * 1e9);
      const auto to_end = static_cast<double>(end_ns - due_ns_) * phases_[phase_].total();
      if (phase_ + 1 == phases_.size() || left < to_end) break;
      left -= to_end;
      due_ns_ = end_ns;
      enter(phase_ + 1, row.seq, end_ns);
    }
    due_ns_ += std::llround(left / phases_[phase_].total());
  }
  row.due_ns = due_ns_;
  return phase_;
}

size_t TenantPhases::phase_of(uint64_t seq) const {
  if (seq < warmup_items_) return phases_.size();
  const auto after = std::upper_bound(first_seq_.begin(), first_seq_.end(), seq);
  return static_cast<size_t>(std::max<std::ptrdiff_t>(after - first_seq_.begin() - 1, 0));
}

std::vector<sage::Event> TenantPhases::due(int64_t until_ns) {
  const auto later = std::find_if(marks_.begin(), marks_.end(), [&](const auto& e) { return e.due_ns > until_ns; });
  std::vector<sage::Event> out(marks_.begin(), later);
  marks_.erase(marks_.begin(), later);
  return out;
}

void TenantPhases::enter(size_t phase, uint64_t seq, int64_t at_ns) {
  phase_ = phase;
  first_seq_.push_back(seq);
  marks_.push_back({SAGE_EVENT_MARK, at_ns, phases_[phase].name});
}

}  // namespace workloads::q3

#include "metrics/counters.hpp"

#include <stdexcept>

namespace host::metrics {

const char* to_string(Outcome outcome) {
  static constexpr std::array<const char*, outcome_count> names = {"ok",       "error",     "timeout",
                                                                   "rejected", "cancelled", "unfinished"};
  const auto at = static_cast<size_t>(outcome);
  return at < names.size() ? names[at] : "unknown";
}

void Counters::merge(const Counters& other) {
  offered += other.offered;
  for (size_t i = 0; i < outcome_count; ++i) outcomes[i] += other.outcomes[i];
  wrong += other.wrong;
  slo_met += other.slo_met;
  ok_in_window += other.ok_in_window;
  slo_in_window += other.slo_in_window;
  units_out += other.units_out;
  response.merge(other.response);
  service.merge(other.service);
  dispatch.merge(other.dispatch);
  ttft.merge(other.ttft);
  ttft_service.merge(other.ttft_service);
  tpot.merge(other.tpot);
  itl.merge(other.itl);
}

CounterTable::CounterTable(std::vector<std::string> phases, std::vector<std::string> classes,
                           std::vector<std::string> tenants)
    : phases_(std::move(phases)),
      classes_(std::move(classes)),
      tenants_(std::move(tenants)),
      cells_(phases_.size() * classes_.size() * tenants_.size()) {}

size_t CounterTable::index(size_t phase, size_t class_id, size_t tenant) const {
  if (phase >= phases_.size() || class_id >= classes_.size() || tenant >= tenants_.size())
    throw std::out_of_range("CellTable: no such phase, class or tenant");
  return (phase * classes_.size() + class_id) * tenants_.size() + tenant;
}

Counters& CounterTable::at(size_t phase, size_t class_id, size_t tenant) {
  return cells_[index(phase, class_id, tenant)];
}

const Counters& CounterTable::at(size_t phase, size_t class_id, size_t tenant) const {
  return cells_[index(phase, class_id, tenant)];
}

Counters CounterTable::sum(size_t phase, size_t class_id, size_t tenant) const {
  Counters total;
  for (size_t p = 0; p < phases_.size(); ++p) {
    if (phase != any && p != phase) continue;
    for (size_t c = 0; c < classes_.size(); ++c) {
      if (class_id != any && c != class_id) continue;
      for (size_t t = 0; t < tenants_.size(); ++t)
        if (tenant == any || t == tenant) total.merge(at(p, c, t));
    }
  }
  return total;
}

}  // namespace host::metrics

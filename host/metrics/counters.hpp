// What is measured about a set of requests. Cells are kept per phase, class and tenant, and added up along any of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "metrics/histogram.hpp"

namespace host::metrics {

enum class Outcome : uint8_t { ok, error, timeout, rejected, cancelled, unfinished };  // as SAGE_OUTCOME_*
inline constexpr size_t outcome_count = 6;
const char* to_string(Outcome outcome);

// The histograms are over `ok` requests, in ns, from the clocks of docs/metrics.md.
struct Counters {
  uint64_t offered = 0;
  std::array<uint64_t, outcome_count> outcomes{};
  uint64_t wrong = 0;          // ok, but the workload refused the result
  uint64_t slo_met = 0;        // ok and every SLO of its class met
  uint64_t ok_in_window = 0;   // ok, and ended before the window did: what throughput counts
  uint64_t slo_in_window = 0;  // likewise with every SLO met: what goodput counts
  uint64_t units_out = 0;      // tokens
  Histogram response;          // done - due
  Histogram service;           // done - sent
  Histogram dispatch;          // sent - due, over all requests that were sent
  Histogram ttft;              // first - due
  Histogram ttft_service;      // first - sent
  Histogram tpot;              // (done - first) / (tokens - 1)
  Histogram itl;               // gaps between tokens, pooled

  void merge(const Counters& other);
};

// Cells of a whole run, indexed by phase, class and tenant.
class CounterTable {
 public:
  CounterTable(std::vector<std::string> phases, std::vector<std::string> classes, std::vector<std::string> tenants);
  [[nodiscard]] Counters& at(size_t phase, size_t class_id, size_t tenant);
  [[nodiscard]] const Counters& at(size_t phase, size_t class_id, size_t tenant) const;
  static constexpr size_t any = SIZE_MAX;
  // The cells that match, added up; `any` matches all.
  [[nodiscard]] Counters sum(size_t phase = any, size_t class_id = any, size_t tenant = any) const;

  [[nodiscard]] const std::vector<std::string>& phases() const { return phases_; }
  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
  [[nodiscard]] const std::vector<std::string>& tenants() const { return tenants_; }

 private:
  [[nodiscard]] size_t index(size_t phase, size_t class_id, size_t tenant) const;
  std::vector<std::string> phases_;
  std::vector<std::string> classes_;
  std::vector<std::string> tenants_;
  std::vector<Counters> cells_;
};

}  // namespace host::metrics

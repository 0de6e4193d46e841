// Output parity: the run's first requests executed again after it, one step after the other in this process. What a
// backend gave for them must have the same digests: they are functions of seed and request alone.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/plugin_calls.hpp"
#include "records/rows.hpp"

namespace host::engine {

class Parity {
 public:
  // Keeps the requests with seq < limit: 80 bytes each, beside their payloads.
  explicit Parity(uint64_t limit);
  [[nodiscard]] uint64_t limit() const { return limit_; }
  // [feed] In order of seq, each once.
  void keep(const sage_request& row);
  // [any] It ended ok, with this digest.
  void note(uint64_t seq, uint64_t digest) {
    given_[seq].digest.store(digest, std::memory_order_relaxed);
    given_[seq].ok.store(true, std::memory_order_relaxed);
  }
  // [main] After the run. Ends after `budget_ns`; what is left then counts as not checked. `no_digests`: why the
  // backend gives none, if it says so. Throws Error when an operator cannot be opened.
  [[nodiscard]] records::ParityResult check(const WorkloadCalls& workload, int64_t budget_ns,
                                            const std::string& no_digests) const;

 private:
  struct Given {
    std::atomic<uint64_t> digest{0};  // 0 = none
    std::atomic<bool> ok{false};
  };
  const uint64_t limit_;
  std::unique_ptr<Given[]> given_;
  std::vector<sage_request> rows_;
  std::deque<std::vector<std::byte>> payloads_;
};

}  // namespace host::engine

// The check of results that are a function of (seed, seq) alone, whichever backend or replica computed them.
//
// While the run goes on, each result must carry the digest it came with, and a sample is put aside. When no measurement
// can be disturbed any more, the sample is computed again in this process, one step after the other.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace operators::common {

class DigestCheck {
 public:
  // Every n-th request is computed again, at most 128 of them; 0 = none.
  explicit DigestCheck(uint64_t every) : every_(every) {}
  static DigestCheck from_json(const sage::Json& options);  // the option check_every

  // [settle]
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts);
  // [settle] `complete` fills the rest of a request whose id, seq and sizes are set, as `plan` did.
  sage::Conclusion conclude(sage::Workload& workload, const std::function<void(sage_request&)>& complete);

 private:
  struct Sample {
    uint64_t seq;
    uint64_t digest;
    uint32_t units_in, units_out;
  };
  struct Counts {
    uint64_t ok = 0, with_digest = 0, with_result = 0, damaged = 0;
  };
  uint32_t judge(const sage_outcome& row);

  uint64_t every_;
  Counts counts_;
  std::vector<Sample> samples_;
};

}  // namespace operators::common

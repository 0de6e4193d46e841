#include "operators/common/digest_check.hpp"

#include <algorithm>

#include "operators/common/config.hpp"
#include "operators/common/serial.hpp"
#include "operators/common/wire.hpp"

namespace operators::common {
namespace {

// Keeps the check after a day-long run at a fraction of a second.
constexpr size_t samples_max = 128;

}  // namespace

DigestCheck DigestCheck::from_json(const sage::Json& options) {
  return DigestCheck(read<uint64_t>(options, "check_every", 64, 0));
}

void DigestCheck::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  for (size_t i = 0; i < rows.size(); ++i) verdicts[i] = judge(rows[i]);
}

uint32_t DigestCheck::judge(const sage_outcome& row) {
  if (row.outcome != SAGE_OUTCOME_OK) return SAGE_VERDICT_UNCHECKED;
  ++counts_.ok;
  if (row.digest == 0) return SAGE_VERDICT_UNCHECKED;
  ++counts_.with_digest;
  if (row.result.size == 0) return SAGE_VERDICT_PASS;
  ++counts_.with_result;
  const auto bytes = sage::view(row.result);
  if (digest_of(bytes) != row.digest) {
    ++counts_.damaged;
    return SAGE_VERDICT_WRONG;
  }
  if (every_ > 0 && row.seq % every_ == 0 && samples_.size() < samples_max) {
    const auto sizes = MessageReader(bytes, "settle").sizes();  // the trace's, if there was one
    samples_.push_back({row.seq, row.digest, sizes.units_in, sizes.units_out});
  }
  return SAGE_VERDICT_PASS;
}

sage::Conclusion DigestCheck::conclude(sage::Workload& workload, const std::function<void(sage_request&)>& complete) {
  std::vector<uint64_t> different;
  if (!samples_.empty()) {
    SerialBackend serial(workload, 1);
    for (const auto& sample : samples_) {
      sage_request request{};
      request.id = sample.seq + 1;
      request.seq = sample.seq;
      request.units_in = sample.units_in;
      request.units_out = sample.units_out;
      complete(request);
      if (serial.run(request).digest != sample.digest) different.push_back(sample.seq);
    }
  }
  std::sort(different.begin(), different.end());
  sage::Conclusion conclusion;
  const bool wrong = counts_.damaged > 0 || !different.empty();
  conclusion.verdict = wrong                     ? SAGE_VERDICT_WRONG
                       : counts_.with_digest > 0 ? SAGE_VERDICT_PASS
                                                 : SAGE_VERDICT_UNCHECKED;
  conclusion.report = {
      {"ok", counts_.ok},           {"with_digest", counts_.with_digest}, {"with_result", counts_.with_result},
      {"damaged", counts_.damaged}, {"recomputed", samples_.size()},      {"recomputed_different", different}};
  return conclusion;
}

}  // namespace operators::common

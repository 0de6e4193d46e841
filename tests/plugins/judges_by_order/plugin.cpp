// Expects each end right after the one before it.
#include "one_step.hpp"

class Broken : public OneStep {
 public:
  using OneStep::OneStep;
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      verdicts[i] = rows[i].seq >= last_ ? SAGE_VERDICT_PASS : SAGE_VERDICT_UNCHECKED;
      last_ = rows[i].seq;
    }
  }

 private:
  uint64_t last_ = 0;
};

SAGE_PLUGIN(Broken)

// Looks at no outcome.
#include "one_step.hpp"

class Broken : public OneStep {
 public:
  using OneStep::OneStep;
  void settle(std::span<const sage_outcome> /*rows*/, std::span<uint32_t> verdicts) override {
    for (auto& verdict : verdicts) verdict = SAGE_VERDICT_PASS;
  }
};

SAGE_PLUGIN(Broken)

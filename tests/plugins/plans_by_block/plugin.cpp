// Draws from a counter of calls, not from seq.
#include "one_step.hpp"

class Broken : public OneStep {
 public:
  using OneStep::OneStep;
  size_t plan(std::span<sage_request> rows) override {
    ++calls_;
    for (auto& row : rows) row.key = calls_;
    return rows.size();
  }

 private:
  uint64_t calls_ = 0;
};

SAGE_PLUGIN(Broken)

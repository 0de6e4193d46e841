// Takes every event, and that is all.
#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  void control(const sage_event& /*event*/) override {}
};

SAGE_PLUGIN(Broken)

// Completes everything, and then never returns from drain, whatever timeout it was given.
#include <unistd.h>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  bool drain(int64_t /*timeout_ns*/) override {
    for (;;) pause();
  }
};

SAGE_PLUGIN(Broken)

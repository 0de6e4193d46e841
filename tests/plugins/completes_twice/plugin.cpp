// Completes every request twice.
#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override {
    Instant::submit(rows);
    return Instant::submit(rows);
  }
};

SAGE_PLUGIN(Broken)

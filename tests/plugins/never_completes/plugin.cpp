// Takes every request, completes none, and owns up to it in drain.
#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override { return rows.size(); }
  bool drain(int64_t /*timeout_ns*/) override { return false; }
};

SAGE_PLUGIN(Broken)

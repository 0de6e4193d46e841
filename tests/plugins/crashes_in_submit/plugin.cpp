// Dies of a segmentation fault in its 10th batch.
#include <csignal>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override {
    if (++batches_ == 10) std::raise(SIGSEGV);
    return Instant::submit(rows);
  }

 private:
  int batches_ = 0;
};

SAGE_PLUGIN(Broken)

// Never returns from its 10th batch, and uses no CPU meanwhile.
#include <unistd.h>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override {
    if (++batches_ == 10)
      for (;;) pause();
    return Instant::submit(rows);
  }

 private:
  int batches_ = 0;
};

SAGE_PLUGIN(Broken)

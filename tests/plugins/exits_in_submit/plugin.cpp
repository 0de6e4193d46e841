// Ends the whole process in its 10th batch, without a signal and without a word.
#include <unistd.h>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override {
    if (++batches_ == 10) _exit(3);
    return Instant::submit(rows);
  }

 private:
  int batches_ = 0;
};

SAGE_PLUGIN(Broken)

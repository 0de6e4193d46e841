// A thread that outlives `close`, and sleeps.
#include <unistd.h>

#include <thread>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  void open(const sage_run& run) override {
    Instant::open(run);
    std::thread([] {
      for (;;) pause();
    }).detach();
  }
};

SAGE_PLUGIN(Broken)

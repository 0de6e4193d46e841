// What `open` takes nobody gives back.
#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  void open(const sage_run& run) override {
    Instant::open(run);
    forgotten_ = new char[100];
    forgotten_[0] = 'x';
  }

 private:
  char* forgotten_ = nullptr;
};

SAGE_PLUGIN(Broken)

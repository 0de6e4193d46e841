// Once when it is told to cancel, and once when it has executed it all the same.
#include "worker.hpp"

class Broken : public Worker {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Worker(host, id, options), own_(host) {}
  void cancel(std::span<const uint64_t> ids) override {
    for (const auto id : ids) {
      sage_completion done{};
      done.id = id;
      done.status = SAGE_DONE_CANCELLED;
      own_.complete({&done, 1});
    }
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

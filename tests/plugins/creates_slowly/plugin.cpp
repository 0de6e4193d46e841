// Starts in `create` what belongs into `open`.
#include <chrono>
#include <thread>

#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  }
};

SAGE_PLUGIN(Broken)

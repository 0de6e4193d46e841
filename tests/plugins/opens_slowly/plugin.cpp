// Needs `seconds` to open; in order if it tells, and it does not take ten times as long as it may.
#include <chrono>
#include <thread>

#include "instant.hpp"

class Slow : public Instant {
 public:
  Slow(sage::Host host, std::string_view id, const sage::Json& options)
      : Instant(host, id, options),
        host_(host),
        seconds_(options.value("seconds", 3.0)),
        tells_(options.value("tells", false)) {}
  void open(const sage_run& run) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds_);
    while (std::chrono::steady_clock::now() < end) {
      if (tells_) host_.alive("still opening");
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    Instant::open(run);
  }

 private:
  sage::Host host_;
  double seconds_;
  bool tells_;
};

SAGE_PLUGIN(Slow)

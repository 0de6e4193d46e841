// `alive` is for `open`.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    own_.alive("still here");
    return Instant::submit(rows);
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

// Looks at no event before it says that it was done.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  void control(const sage_event& event) override { own_.event_done(event.id); }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

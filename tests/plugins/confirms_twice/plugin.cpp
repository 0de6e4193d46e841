// Otherwise its events are in order: those that it does not know are refused.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  void control(const sage_event& event) override {
    const bool known = (event.kind == SAGE_EVENT_FAULT || event.kind == SAGE_EVENT_HEAL) &&
                       sage::view(event.target) == "kill-worker" && sage::arguments(event).value("stage", "") == "s0";
    if (!known) throw sage::Failure(SAGE_UNSUPPORTED, "there is no such thing");
    own_.event_done(event.id);
    own_.event_done(event.id);
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

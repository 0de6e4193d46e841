// A status other than SAGE_OK, and no text.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options) {
    if (options.value("workers", 2) == 0) throw sage::Failure(SAGE_INVALID, "");
  }
};

SAGE_PLUGIN(Broken)

// Two replicas in turn, whatever the key.
#include "worker.hpp"

class Broken : public Worker {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Worker(host, id, options, 2) {}
};

SAGE_PLUGIN(Broken)

// Completes every request, and takes the process along, or hangs, in the call that its option `where` names.
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "instant.hpp"

class Broken : public BreaksIn {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : BreaksIn(host, id, options, "close", [how = options.value("how", "crash")](const std::string&) {
          if (how == "exit") std::_Exit(0);
          if (how == "hang") pause();
          std::raise(SIGSEGV);
        }) {}
};

SAGE_PLUGIN(Broken)

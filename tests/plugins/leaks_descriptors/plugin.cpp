// Takes every descriptor that there is, in the call that its option `where` names.
#include <fcntl.h>

#include "instant.hpp"

class Broken : public BreaksIn {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : BreaksIn(host, id, options, "open", [](const std::string&) {
          while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
          }
        }) {}
};

SAGE_PLUGIN(Broken)

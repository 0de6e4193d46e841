// Takes every descriptor that there is, in the call that its option `where` names.
#include <fcntl.h>

#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : Instant(host, id, options), where_(options.value("where", "open")) {
    leak_in("create");
  }
  void open(const sage_run& run) override {
    leak_in("open");
    Instant::open(run);
  }
  size_t submit(std::span<const sage_request> rows) override {
    leak_in("submit");
    return Instant::submit(rows);
  }
  void close() override {
    leak_in("close");
    Instant::close();
  }

 private:
  void leak_in(std::string_view call) const {
    if (where_ != call) return;
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
    }
  }
  std::string where_;
};

SAGE_PLUGIN(Broken)

// Completes every request, and takes the process along, or hangs, in the call that its option `where` names.
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : Instant(host, id, options), where_(options.value("where", "close")), how_(options.value("how", "crash")) {}
  ~Broken() override { die_in("destroy"); }
  void open(const sage_run& run) override {
    die_in("open");
    Instant::open(run);
  }
  bool drain(int64_t timeout_ns) override {
    die_in("drain");
    return Instant::drain(timeout_ns);
  }
  void close() override {
    die_in("close");
    Instant::close();
  }

 private:
  void die_in(std::string_view call) const {
    if (where_ != call) return;
    if (how_ == "exit") std::_Exit(0);
    if (how_ == "hang") pause();
    std::raise(SIGSEGV);
  }
  std::string where_;
  std::string how_;
};

SAGE_PLUGIN(Broken)

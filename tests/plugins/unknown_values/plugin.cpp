// Ends requests with a status and flags that the ABI does not define.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    for (const auto& row : rows) {
      sage_completion done{};
      done.id = row.id;
      done.status = row.seq % 2 == 0 ? 99 : SAGE_DONE_OK;
      done.flags = row.seq % 2 == 0 ? 0 : 64;
      own_.complete({&done, 1});
    }
    return rows.size();
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

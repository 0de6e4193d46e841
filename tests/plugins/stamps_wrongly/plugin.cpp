// Says that requests end before they were sent, or in an hour.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    constexpr int64_t hour_ns = 3'600'000'000'000;
    for (const auto& row : rows) {
      sage_completion done{};
      done.id = row.id;
      done.at_ns = row.seq % 2 == 0 ? 1 : own_.now_ns() + hour_ns;
      done.status = SAGE_DONE_OK;
      own_.complete({&done, 1});
    }
    return rows.size();
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

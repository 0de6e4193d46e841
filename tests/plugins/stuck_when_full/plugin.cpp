// Forgets to make room.
#include <algorithm>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  size_t submit(std::span<const sage_request> rows) override {
    constexpr size_t room = 32;
    if (full_) return 0;
    full_ = rows.size() > room;
    return Instant::submit(rows.first(std::min(rows.size(), room)));
  }

 private:
  bool full_ = false;
};

SAGE_PLUGIN(Broken)

// Holds one request back; a thread of its own completes it after close returned, and before destroy returns.
#include <thread>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  ~Broken() override {
    if (held_id_ != 0) std::thread([this] { complete(held_id_); }).join();
  }
  size_t submit(std::span<const sage_request> rows) override {
    if (rows.empty() || held_id_ != 0) return Instant::submit(rows);
    held_id_ = rows.front().id;
    return 1 + Instant::submit(rows.subspan(1));
  }

 private:
  uint64_t held_id_ = 0;
};

SAGE_PLUGIN(Broken)

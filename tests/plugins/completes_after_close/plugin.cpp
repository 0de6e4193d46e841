// Holds one request of its 20th batch back (past the warm-up); a thread of its own completes it after close returned,
// and before destroy returns.
#include <thread>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  ~Broken() override {
    if (held_id_ != 0) std::thread([this] { complete(held_id_); }).join();
  }
  size_t submit(std::span<const sage_request> rows) override {
    if (++batches_ != 20 || rows.empty()) return Instant::submit(rows);
    held_id_ = rows.front().id;
    return 1 + Instant::submit(rows.subspan(1));
  }

 private:
  int batches_ = 0;
  uint64_t held_id_ = 0;
};

SAGE_PLUGIN(Broken)

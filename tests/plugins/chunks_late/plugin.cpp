// The end, and then the first token.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    Instant::submit(rows);
    for (const auto& row : rows) {
      sage_completion chunk{};
      chunk.id = row.id;
      chunk.flags = SAGE_COMPLETION_PARTIAL;
      chunk.units = 1;
      own_.complete({&chunk, 1});
    }
    return rows.size();
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

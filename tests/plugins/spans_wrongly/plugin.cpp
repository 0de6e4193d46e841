// Tells of a step of an hour, one that there is not and one on a node that there is not; then of one after the end, and
// of a chunk likewise.
#include <array>

#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options) : Instant(host, id, options), own_(host) {}
  size_t submit(std::span<const sage_request> rows) override {
    constexpr int64_t hour_ns = 3'600'000'000'000;
    const auto now = own_.now_ns();
    for (const auto& row : rows) {
      const std::array spans = {sage_span{row.id, now, now + hour_ns, 0, 0, 0, 0},
                                sage_span{row.id, now, now, 0, 999, 0, 0},
                                sage_span{row.id, now, now, 0, 0, 1'000'000, 0}};
      own_.spans(spans);
      complete(row.id);
      own_.spans(std::span(spans).first(1));
      sage_completion chunk{};
      chunk.id = row.id;
      chunk.flags = SAGE_COMPLETION_PARTIAL;
      own_.complete({&chunk, 1});
    }
    return rows.size();
  }

 private:
  sage::Host own_;
};

SAGE_PLUGIN(Broken)

#include "operators/common/timeline.hpp"

#include <algorithm>
#include <string>

namespace operators::common {

Timeline::Timeline(const sage::Json& options) {
  const auto load = options.value("load", sage::Json::object());
  warmup_items_ = load.value("warmup_items", uint64_t{0});
  total_requests_ = load.value("total_requests", uint64_t{0});
  duration_s_ = load.value("duration", 0.0);
  const auto arrival = load.value("arrival", std::string("poisson"));
  const bool paced = arrival != "closed" && arrival != "offline" && load.value("concurrency", uint64_t{0}) == 0;
  possible_ = paced && (total_requests_ > 0 || duration_s_ > 0);
}

void Timeline::at(double fraction, sage::Event event) {
  if (possible_) ahead_.push_back({fraction, std::move(event)});
}

void Timeline::follow(std::span<const sage_request> rows) {
  for (const auto& row : rows) {
    if (row.seq < warmup_items_) continue;
    if (begin_ns_ < 0) begin_ns_ = row.due_ns;
    int64_t due_ns = 0;
    while (!ahead_.empty() && reached(ahead_.front(), row, due_ns)) {
      placed_.push_back(std::move(ahead_.front().event));
      placed_.back().due_ns = due_ns;
      ahead_.pop_front();
    }
  }
}

// The window ends by count or by time, whichever comes first, and so does every fraction of it.
bool Timeline::reached(const Moment& moment, const sage_request& row, int64_t& due_ns) const {
  const auto at_ns = begin_ns_ + static_cast<int64_t>(moment.fraction * duration_s_ * 1e9);
  if (duration_s_ > 0 && row.due_ns >= at_ns) {
    due_ns = at_ns;
    return true;
  }
  due_ns = row.due_ns;
  return total_requests_ > 0 &&
         static_cast<double>(row.seq - warmup_items_) >= moment.fraction * static_cast<double>(total_requests_);
}

std::vector<sage::Event> Timeline::due(int64_t until_ns) {
  const auto later =
      std::find_if(placed_.begin(), placed_.end(), [&](const sage::Event& event) { return event.due_ns > until_ns; });
  std::vector<sage::Event> out(std::make_move_iterator(placed_.begin()), std::make_move_iterator(later));
  placed_.erase(placed_.begin(), later);
  return out;
}

}  // namespace operators::common

#include "engine/timeline.hpp"

#include <algorithm>
#include <span>

namespace host::engine {

uint8_t TimelineSample::take_place(uint64_t index, uint64_t seq) {
  const std::scoped_lock lock(mutex_);
  auto free = std::ranges::find(places_, false, &Place::used);
  if (free == places_.end()) {
    stride_ *= 2;
    for (auto& place : places_) place.used = place.index % stride_ == 0;
    free = std::ranges::find(places_, false, &Place::used);
  }
  next_ = index - index % stride_ + stride_;
  if (index % stride_ != 0) return 0;
  free->index = index;
  free->used = true;
  free->ended = false;
  free->request.row.seq = seq;
  free->request.n_steps = 0;
  return static_cast<uint8_t>(free - places_.begin() + 1);
}

void TimelineSample::step(uint8_t place, uint64_t seq, const sage_span& span) {
  const std::scoped_lock lock(mutex_);
  auto& request = places_[place - 1U].request;
  // the place may have been given to a later one meanwhile
  if (request.row.seq != seq || request.n_steps == request.steps.size()) return;
  request.steps[request.n_steps++] = {span.stage, span.node, span.begin_ns, span.end_ns};
}

void TimelineSample::end(uint8_t place, const records::RequestRow& row) {
  const std::scoped_lock lock(mutex_);
  auto& at = places_[place - 1U];
  if (at.request.row.seq != row.seq) return;
  at.request.row = row;
  at.ended = true;
}

std::vector<records::SampledRequest> TimelineSample::finished(int64_t start_ns) const {
  const std::scoped_lock lock(mutex_);
  std::vector<records::SampledRequest> out;
  for (const auto& place : places_)
    if (place.used && place.ended) out.push_back(place.request);
  for (auto& request : out) {
    const auto steps = std::span(request.steps).first(request.n_steps);
    for (auto& step : steps) {
      step.begin_ns -= start_ns;
      step.end_ns -= start_ns;
    }
    std::ranges::stable_sort(steps, {}, &records::SampledRequest::Step::begin_ns);
  }
  std::ranges::sort(out, {}, [](const auto& request) { return request.row.seq; });
  return out;
}

}  // namespace host::engine

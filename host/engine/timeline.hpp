// A sample of the measured requests with the steps they went through, for the record's timeline. Chosen by the place in
// the schedule alone, so that runs of one schedule on two backends show the same requests.
#pragma once

#include <sage/abi.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "records/rows.hpp"

namespace host::engine {

// Every n-th request, n a stride that leaves at most `max` of the expected ones. A run bounded by time has no expected
// number: it starts with every request, and each time the places are full, every second one is given up and the stride
// doubles. Constant memory, and no allocation after the constructor.
class TimelineSample {
 public:
  static constexpr uint8_t max = 100;

  // `expected` measured requests; 0 = not known.
  explicit TimelineSample(uint64_t expected) : stride_(expected == 0 ? 1 : (expected + max - 1) / max) {}

  // [feed] Of each measured request, in order: `index` counts them from 0. The place of a sampled one, from 1, else 0.
  uint8_t choose(uint64_t index, uint64_t seq) {
    if (index == next_) [[unlikely]]
      return take_place(index, seq);
    return 0;
  }

  // [any] A step of the request that has this place; times are of the run's clock.
  void step(uint8_t place, uint64_t seq, const sage_span& span);
  // [any] Its end. Times are from the start of the schedule, as are those of `steps` in the end.
  void end(uint8_t place, const records::RequestRow& row);

  // [main] After the run: those that ended, by seq.
  [[nodiscard]] std::vector<records::SampledRequest> finished(int64_t start_ns) const;

 private:
  struct Place {
    uint64_t index = 0;
    bool used = false;
    bool ended = false;
    records::SampledRequest request;
  };
  uint8_t take_place(uint64_t index, uint64_t seq);

  uint64_t next_ = 0;    // index of the next one to sample; feed thread
  uint64_t stride_ = 1;  // feed thread
  mutable std::mutex mutex_;
  std::array<Place, max> places_;
};

}  // namespace host::engine

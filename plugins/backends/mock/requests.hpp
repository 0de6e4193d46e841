// The requests in the system, in reused slots: memory follows the largest number at a time, not the length of the run.
#pragma once

#include <sage/abi.h>

#include <cstdint>
#include <span>
#include <vector>

namespace mock {

struct StepState {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  uint32_t node = 0;
  uint32_t missing = 0;  // inputs that are not there yet
  bool done = false;
};

struct Request {
  sage_request row{};
  int64_t begun_ns = 0;     // 0 = no step has begun yet
  uint32_t live = 0;        // steps that wait or execute; the slot is kept until there are none
  bool ended = false;       // its terminal completion was sent
  bool first_sent = false;  // its first token was reported
};

class Requests {
 public:
  explicit Requests(uint32_t steps_max) : steps_max_(steps_max) {}

  // May move every request: references do not survive it.
  uint32_t add(const sage_request& row) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(requests_.size()));
      requests_.emplace_back();
      steps_.resize(steps_.size() + steps_max_);
    }
    const auto slot = free_.back();
    free_.pop_back();
    requests_[slot] = Request{.row = row};
    return slot;
  }
  void release(uint32_t slot) { free_.push_back(slot); }
  Request& operator[](uint32_t slot) { return requests_[slot]; }
  std::span<StepState> steps(uint32_t slot) { return {&steps_[size_t{slot} * steps_max_], steps_max_}; }

  // A task names one step of one request.
  [[nodiscard]] uint32_t task(uint32_t slot, uint32_t step) const { return slot * steps_max_ + step; }
  [[nodiscard]] uint32_t slot_of(uint32_t task) const { return task / steps_max_; }
  [[nodiscard]] uint32_t step_of(uint32_t task) const { return task % steps_max_; }

  [[nodiscard]] size_t memory_bytes() const {
    return requests_.capacity() * sizeof(Request) + steps_.capacity() * sizeof(StepState) +
           free_.capacity() * sizeof(uint32_t);
  }

 private:
  uint32_t steps_max_;
  std::vector<Request> requests_;
  std::vector<StepState> steps_;
  std::vector<uint32_t> free_;
};

}  // namespace mock

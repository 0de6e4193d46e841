// Jobs waiting for a replica: by priority, within it by arrival or by deadline.
#pragma once

#include <boost/circular_buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mock {

inline constexpr uint32_t no_node = UINT32_MAX;            // the inputs come from outside: no hop
inline constexpr uint32_t several_nodes = UINT32_MAX - 1;  // the inputs come from different nodes: always a hop

// One execution of a step that a replica is asked for.
struct Job {
  uint32_t task = 0;  // the caller's name for it
  uint32_t from_node = no_node;
  int64_t first_ns = 0;     // at speed 1, until the first token; 0 = no first token to report
  int64_t total_ns = 0;     // at speed 1
  uint64_t route = 0;       // keyed stages: chooses the replica
  uint32_t level = 0;       // 0 is served first
  int64_t deadline_ns = 0;  // within a level the earliest first; 0 = in order of arrival
};

class JobQueue {
 public:
  void push(const Job& job);
  Job pop();  // not empty
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t memory_bytes() const;

 private:
  struct Waiting {
    Job job;
    uint64_t arrival;
  };
  static bool later(const Waiting& a, const Waiting& b);

  std::vector<boost::circular_buffer<Job>> levels_;  // grown to the longest backlog so far, then reused
  std::vector<Waiting> heap_;                        // jobs with a deadline
  uint64_t arrivals_ = 0;
  size_t size_ = 0;
};

}  // namespace mock

// Several pipelines of one variant side by side, as if so many users had deployed it: stages of their own, which share
// nothing but the backend and its machines.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <vector>

namespace workloads::q1 {

// Requests are dealt to the pipelines in turn. Staggered, pipeline p begins p * stagger_s after the warm-up, which is
// of all of them, and then has its share of the rate: the arrival process is stretched in time to the share of those
// that run. Each ends when it has had its part of the measured requests.
class SideBySide {
 public:
  // Options pipelines and stagger_s, and the load's. Throws sage::Failure where there are no due times to move.
  explicit SideBySide(const sage::Json& options);

  [[nodiscard]] uint32_t pipelines() const { return pipelines_; }
  // What a variant describes, so many times: stages, pipelines and a tenant for each, with names of their own.
  void multiply(sage::Description& description) const;
  // [feed] The pipeline of the next request of the schedule, whose due time may move.
  uint32_t place(sage_request& row);

 private:
  uint32_t place_staggered(sage_request& row);
  // Those that have begun and have not had their part.
  [[nodiscard]] uint32_t running() const;

  uint32_t pipelines_;
  int64_t stagger_ns_;
  uint64_t warmup_items_;
  uint64_t part_;  // measured requests of each; UINT64_MAX = until the time is over
  std::vector<uint64_t> given_;
  uint32_t begun_ = 0;
  uint32_t next_ = 0;  // whose turn it is
  int64_t begin_ns_ = -1;
  int64_t due_ns_ = 0;       // of the request before
  int64_t host_due_ns_ = 0;  // likewise, before it was moved
};

}  // namespace workloads::q1

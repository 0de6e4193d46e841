// The machines: nodes, replicas and their queues, what executes when, what breaks and what is reconfigured. Knows jobs,
// not requests; time is given by the caller and never goes back. Not thread-safe.
//
//   stateless stage  one queue for all its replicas; the one idle for longest takes the next job (with exponential
//                    service an M/M/c queue), or, scheduled by load, the one whose node executes least for its speed
//   keyed stage      a queue a replica, chosen by hash of the job's route, so that a key is served by one replica, in
//                    order within a priority level
//
// A replica that takes a job first fetches its inputs: one network hop if they lie on another node.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mock/event_queue.hpp"
#include "mock/job_queue.hpp"
#include "mock/options.hpp"
#include "mock/topology.hpp"

namespace mock {

inline constexpr uint32_t none = UINT32_MAX;

// Which of `count` workers serves a route.
inline uint32_t worker_for(uint64_t route, size_t count) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(sage::Draw::mix(route)) * count) >> 64);
}

struct Happening {
  enum class Kind { first_token, finished };
  Kind kind = Kind::finished;
  uint32_t task = 0;
  uint32_t node = 0;
  int64_t begin_ns = 0;  // of the execution
  int64_t at_ns = 0;
};

// An execution that a kill ended.
struct Lost {
  Job job;
  uint32_t stage = 0;
  uint32_t node = 0;
};

struct Fault {
  enum class Kind { kill, freeze, slow, cut };
  Kind kind = Kind::kill;
  bool heal = false;
  uint32_t node = none;  // none = the fault strikes one worker of a stage
  uint32_t stage = 0;
  uint32_t worker = 0;
  double factor = 1;  // slow: services take this many times longer
};

struct Change {
  enum class Kind { parallelism, add_node, remove_node, move_stage, replace_worker };
  Kind kind = Kind::parallelism;
  uint64_t event = 0;
  uint32_t stage = 0;
  uint32_t parallelism = 0;  // replicas a node
  uint32_t node = 0;
  uint32_t worker = 0;
  double speed = 1;
};

struct Confirmation {
  uint64_t event = 0;
  std::string objection;  // empty = the change is in effect
};

struct NodeWork {
  double work_ns = 0;   // done, in ns at speed 1; counted when a part of an execution ends
  double capacity = 0;  // speed times replicas; 0 = removed
};

class Cluster {
 public:
  // `topology` outlives the cluster.
  Cluster(const Topology& topology, const Options& options, uint32_t nodes, bool by_load = false);

  [[nodiscard]] bool full(uint32_t stage) const { return capacity_ != 0 && pools_[stage].queued >= capacity_; }
  void offer(int64_t now_ns, uint32_t stage, const Job& job);
  // The next thing that happens up to and including until_ns.
  std::optional<Happening> next(int64_t until_ns);
  // When something happens next; INT64_MAX = never.
  int64_t next_ns();

  // Throws sage::Failure(SAGE_INVALID) when there is no such node or worker. Faults of different kinds overlay each
  // other and each is healed for itself.
  std::vector<Lost> apply(int64_t now_ns, const Fault& fault);
  // Starts a change; one runs at a time, the others wait. Throws sage::Failure(SAGE_INVALID) when it cannot be done.
  void request(int64_t now_ns, const Change& change);
  // Changes that took effect, or no longer could, since the last call.
  std::vector<Confirmation> take_confirmations();

  [[nodiscard]] std::span<const NodeWork> work();  // by node
  [[nodiscard]] size_t memory_bytes() const;

 private:
  enum class Phase : uint8_t { vacant, fetch, first, rest };

  struct Node {
    double speed = 1;
    double slow_factor = 1;
    double work_ns = 0;
    uint32_t replicas = 0;
    uint32_t executing = 0;  // of them
    bool down = false;
    bool frozen = false;
    bool cut = false;  // off the network: executes what it has begun, and gets nothing more
    bool removed = false;
  };

  struct Replica {
    uint32_t stage = 0;
    uint32_t node = 0;
    uint32_t worker = 0;  // position in its pool
    uint32_t generation = 0;
    uint32_t idle_before = none;
    uint32_t idle_after = none;
    bool idle = false;  // in the idle list
    bool down = false;
    bool frozen = false;
    bool retiring = false;
    bool gone = false;
    Phase phase = Phase::vacant;
    int64_t begin_ns = 0;
    int64_t since_ns = 0;  // `left_ns` was true then
    double left_ns = 0;    // of the phase, at speed 1
    double rate = 0;       // at which it passes
    Job job{};
  };

  struct Pool {
    bool keyed = false;
    bool paused = false;
    uint32_t parallelism = 1;
    uint32_t pinned_to = none;  // the node that it was moved to, with `pinned` replicas
    uint32_t pinned = 0;
    size_t queued = 0;
    std::vector<uint32_t> replicas;
    std::vector<JobQueue> queues;  // keyed: one a replica; else one
    uint32_t idle_first = none;
    uint32_t idle_last = none;
  };

  // cluster.cpp: execution
  [[nodiscard]] bool halted(const Replica& r) const;
  [[nodiscard]] bool can_start(const Replica& r) const;
  [[nodiscard]] double rate(const Replica& r) const;
  JobQueue& queue_of(const Replica& r);
  void enter_phase(int64_t now_ns, uint32_t index, Phase phase, double left_ns);
  void schedule(uint32_t index);
  void start(int64_t now_ns, uint32_t index, const Job& job);
  void begin(int64_t now_ns, uint32_t index);
  void serve(int64_t now_ns, uint32_t index);
  void vacate(int64_t now_ns, uint32_t index);
  void refresh(int64_t now_ns, uint32_t index);
  [[nodiscard]] uint32_t choose_idle(const Pool& pool) const;
  void push_idle(uint32_t index);
  void remove_idle(uint32_t index);

  // reconfigure.cpp
  [[nodiscard]] bool runs(uint32_t node, uint32_t stage) const;
  void add_replicas(uint32_t stage);
  void retire_surplus(uint32_t stage);
  void renew(uint32_t stage, uint32_t worker);
  [[nodiscard]] static uint32_t wanted(const Pool& pool, uint32_t node);
  void deal_keys(Pool& pool);
  void pause_keyed();
  [[nodiscard]] std::string objection(const Change& change) const;
  void schedule_change(int64_t now_ns);
  void begin_change(int64_t now_ns);
  void finish_change(int64_t now_ns);

  const Topology& topology_;
  uint64_t capacity_;
  int64_t network_ns_;
  int64_t reconfigure_ns_;
  bool by_load_;
  EventQueue events_;
  std::vector<Node> nodes_;        // removed ones stay, so that numbers keep their meaning
  std::vector<Replica> replicas_;  // likewise
  std::vector<Pool> pools_;        // by stage
  std::deque<Change> changes_;     // the first one is under way
  uint32_t change_waits_for_ = 0;  // executions that must end before it takes effect
  std::vector<Confirmation> confirmations_;
  std::vector<NodeWork> work_;
};

}  // namespace mock

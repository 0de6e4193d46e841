#include "mock/cluster.hpp"

#include <cmath>

namespace mock {
namespace {

constexpr uint32_t change_timer = none;  // as an event's replica

}  // namespace

Cluster::Cluster(const Topology& topology, const Options& options, uint32_t nodes, bool by_load)
    : topology_(topology),
      capacity_(options.queue_capacity),
      network_ns_(options.network_ns),
      reconfigure_ns_(options.reconfigure_ns),
      by_load_(by_load) {
  for (const auto& stage : topology.stages) {
    auto& pool = pools_.emplace_back();
    pool.keyed = stage.keyed();
    pool.parallelism = stage.parallelism;
  }
  for (uint32_t n = 0; n < nodes; ++n)
    nodes_.push_back({.speed = topology.nodes.empty() ? options.node_speeds[n % options.node_speeds.size()]
                                                      : topology.nodes[n].speed});
  for (uint32_t stage = 0; stage < pools_.size(); ++stage) {
    add_replicas(stage);
    deal_keys(pools_[stage]);
  }
  for (uint32_t index = 0; index < replicas_.size(); ++index) refresh(0, index);
}

void Cluster::offer(int64_t now_ns, uint32_t stage, const Job& job) {
  auto& pool = pools_[stage];
  if (!pool.keyed && pool.idle_first != none) {
    const auto index = choose_idle(pool);
    remove_idle(index);
    start(now_ns, index, job);
    return;
  }
  const auto slot = pool.keyed ? worker_for(job.route, pool.replicas.size()) : 0;
  pool.queues[slot].push(job);
  ++pool.queued;
  if (pool.keyed) serve(now_ns, pool.replicas[slot]);
}

std::optional<Happening> Cluster::next(int64_t until_ns) {
  while (next_ns() <= until_ns && !events_.empty()) {
    const auto event = events_.top();
    events_.pop();
    if (event.replica == change_timer) {
      begin_change(event.at_ns);
      continue;
    }
    auto& r = replicas_[event.replica];
    if (r.phase != Phase::fetch) nodes_[r.node].work_ns += r.left_ns;
    Happening happening{Happening::Kind::finished, r.job.task, r.node, r.begin_ns, event.at_ns};
    switch (r.phase) {
      case Phase::fetch:
        begin(event.at_ns, event.replica);
        continue;
      case Phase::first:
        enter_phase(event.at_ns, event.replica, Phase::rest, static_cast<double>(r.job.total_ns - r.job.first_ns));
        happening.kind = Happening::Kind::first_token;
        return happening;
      case Phase::rest:
        vacate(event.at_ns, event.replica);
        serve(event.at_ns, event.replica);
        return happening;
      case Phase::vacant:
        continue;
    }
  }
  return std::nullopt;
}

int64_t Cluster::next_ns() {
  while (!events_.empty()) {
    const auto& event = events_.top();
    if (event.replica == change_timer || event.generation == replicas_[event.replica].generation) return event.at_ns;
    events_.pop();
  }
  return INT64_MAX;
}

std::span<const NodeWork> Cluster::work() {
  work_.clear();
  for (const auto& node : nodes_) work_.push_back({node.work_ns, node.removed ? 0 : node.speed * node.replicas});
  return work_;
}

size_t Cluster::memory_bytes() const {
  size_t bytes = replicas_.capacity() * sizeof(Replica) + nodes_.capacity() * sizeof(Node);
  for (const auto& pool : pools_) {
    bytes += pool.replicas.capacity() * sizeof(uint32_t) + pool.queues.capacity() * sizeof(JobQueue);
    for (const auto& queue : pool.queues) bytes += queue.memory_bytes();
  }
  return bytes;
}

// ------------------------------------------------------------------------------------------------------ execution

bool Cluster::halted(const Replica& r) const {
  return r.down || r.frozen || nodes_[r.node].down || nodes_[r.node].frozen;
}

bool Cluster::can_start(const Replica& r) const {
  return !r.gone && !r.retiring && !halted(r) && !nodes_[r.node].cut && !pools_[r.stage].paused;
}

double Cluster::rate(const Replica& r) const {
  if (halted(r)) return 0;
  if (r.phase == Phase::fetch) return nodes_[r.node].cut ? 0 : 1;
  return nodes_[r.node].speed / nodes_[r.node].slow_factor;
}

JobQueue& Cluster::queue_of(const Replica& r) {
  auto& pool = pools_[r.stage];
  return pool.queues[pool.keyed ? r.worker : 0];
}

void Cluster::enter_phase(int64_t now_ns, uint32_t index, Phase phase, double left_ns) {
  auto& r = replicas_[index];
  r.phase = phase;
  r.since_ns = now_ns;
  r.left_ns = left_ns;
  schedule(index);
}

// Sets the end of the phase by the speed that the replica has now, and voids the end set before.
void Cluster::schedule(uint32_t index) {
  auto& r = replicas_[index];
  ++r.generation;
  r.rate = rate(r);
  if (r.rate > 0) events_.schedule(r.since_ns + std::llround(r.left_ns / r.rate), index, r.generation);
}

void Cluster::start(int64_t now_ns, uint32_t index, const Job& job) {
  auto& r = replicas_[index];
  ++nodes_[r.node].executing;
  r.job = job;
  if (network_ns_ > 0 && job.from_node != no_node && job.from_node != r.node)
    enter_phase(now_ns, index, Phase::fetch, static_cast<double>(network_ns_));
  else
    begin(now_ns, index);
}

void Cluster::begin(int64_t now_ns, uint32_t index) {
  auto& r = replicas_[index];
  r.begin_ns = now_ns;
  if (r.job.first_ns > 0)
    enter_phase(now_ns, index, Phase::first, static_cast<double>(r.job.first_ns));
  else
    enter_phase(now_ns, index, Phase::rest, static_cast<double>(r.job.total_ns));
}

// A vacant replica takes the next job, or waits in the idle list.
void Cluster::serve(int64_t now_ns, uint32_t index) {
  auto& r = replicas_[index];
  if (r.phase != Phase::vacant || !can_start(r)) return;
  auto& queue = queue_of(r);
  if (queue.empty()) {
    if (!pools_[r.stage].keyed) push_idle(index);
    return;
  }
  remove_idle(index);
  --pools_[r.stage].queued;
  start(now_ns, index, queue.pop());
}

// The execution has ended, or is lost.
void Cluster::vacate(int64_t now_ns, uint32_t index) {
  auto& r = replicas_[index];
  r.phase = Phase::vacant;
  --nodes_[r.node].executing;
  ++r.generation;
  const auto awaited = r.retiring || pools_[r.stage].paused;
  if (awaited && --change_waits_for_ == 0) finish_change(now_ns);
}

// Call after anything that decides whether a replica may work, or how fast, has changed.
void Cluster::refresh(int64_t now_ns, uint32_t index) {
  auto& r = replicas_[index];
  if (r.phase != Phase::vacant) {
    const auto done_ns = std::min(r.left_ns, static_cast<double>(now_ns - r.since_ns) * r.rate);
    if (r.phase != Phase::fetch) nodes_[r.node].work_ns += done_ns;
    r.left_ns -= done_ns;
    r.since_ns = now_ns;
    schedule(index);
  } else if (can_start(r)) {
    serve(now_ns, index);
  } else {
    remove_idle(index);
  }
}

uint32_t Cluster::choose_idle(const Pool& pool) const {
  auto chosen = pool.idle_first;
  if (!by_load_) return chosen;
  const auto load = [&](uint32_t index) {
    const auto& node = nodes_[replicas_[index].node];
    return (node.executing + 1) * node.slow_factor / node.speed;
  };
  for (auto index = replicas_[chosen].idle_after; index != none; index = replicas_[index].idle_after)
    if (load(index) < load(chosen)) chosen = index;
  return chosen;
}

void Cluster::push_idle(uint32_t index) {
  auto& r = replicas_[index];
  auto& pool = pools_[r.stage];
  if (r.idle) return;
  r.idle = true;
  r.idle_before = pool.idle_last;
  r.idle_after = none;
  (pool.idle_last == none ? pool.idle_first : replicas_[pool.idle_last].idle_after) = index;
  pool.idle_last = index;
}

void Cluster::remove_idle(uint32_t index) {
  auto& r = replicas_[index];
  auto& pool = pools_[r.stage];
  if (!r.idle) return;
  r.idle = false;
  (r.idle_before == none ? pool.idle_first : replicas_[r.idle_before].idle_after) = r.idle_after;
  (r.idle_after == none ? pool.idle_last : replicas_[r.idle_after].idle_before) = r.idle_before;
}

}  // namespace mock

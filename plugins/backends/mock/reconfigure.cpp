// Changes of the deployment while it runs. A change takes effect when nothing executes any more that it would pull from
// under: replicas to be removed finish their job first, and keyed stages pause as a whole while their keys are dealt
// anew (so that one key is never served by two replicas at once).
#include <algorithm>
#include <utility>

#include "mock/cluster.hpp"

namespace mock {

void Cluster::request(int64_t now_ns, const Change& change) {
  if (const auto why = objection(change); !why.empty()) throw sage::Failure(SAGE_INVALID, "mock: " + why);
  changes_.push_back(change);
  if (changes_.size() == 1) schedule_change(now_ns);
}

std::vector<Confirmation> Cluster::take_confirmations() { return std::exchange(confirmations_, {}); }

std::string Cluster::objection(const Change& change) const {
  switch (change.kind) {
    case Change::Kind::parallelism:
      return change.parallelism != 0 ? "" : "parallelism of a stage must be at least 1";
    case Change::Kind::add_node:
      return "";
    case Change::Kind::move_stage:
      if (change.node >= nodes_.size() || nodes_[change.node].removed)
        return "there is no node " + std::to_string(change.node) + " to move a stage to";
      return runs(change.node, change.stage) ? ""
                                             : "node " + std::to_string(change.node) + " cannot run stage '" +
                                                   topology_.stages[change.stage].name + "'";
    case Change::Kind::replace_worker:
      return change.worker < pools_[change.stage].replicas.size()
                 ? ""
                 : "stage '" + topology_.stages[change.stage].name + "' has no worker " +
                       std::to_string(change.worker) + "; they are 0 to " +
                       std::to_string(pools_[change.stage].replicas.size() - 1);
    case Change::Kind::remove_node: {
      const auto present = std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return !node.removed; });
      if (change.node >= nodes_.size() || nodes_[change.node].removed)
        return "there is no node " + std::to_string(change.node) + " to remove";
      if (present == 1) return "node " + std::to_string(change.node) + " is the last one and cannot be removed";
      for (uint32_t stage = 0; stage < pools_.size(); ++stage) {
        bool elsewhere = false;
        for (uint32_t node = 0; node < nodes_.size(); ++node)
          elsewhere = elsewhere || (node != change.node && !nodes_[node].removed && runs(node, stage) &&
                                    (pools_[stage].pinned_to == none || pools_[stage].pinned_to == node));
        if (!elsewhere)
          return "node " + std::to_string(change.node) + " is the last one that can run stage '" +
                 topology_.stages[stage].name + "' and cannot be removed";
      }
      return "";
    }
  }
  return "";
}

void Cluster::schedule_change(int64_t now_ns) { events_.schedule(now_ns + reconfigure_ns_, none, 0); }

void Cluster::begin_change(int64_t now_ns) {
  const auto& change = changes_.front();
  // A change before this one may have made it impossible.
  if (auto why = objection(change); !why.empty()) {
    confirmations_.push_back({change.event, std::move(why)});
    changes_.pop_front();
    if (!changes_.empty()) schedule_change(now_ns);
    return;
  }
  switch (change.kind) {
    case Change::Kind::parallelism:
      pools_[change.stage].parallelism = change.parallelism;
      pools_[change.stage].paused = pools_[change.stage].keyed;
      retire_surplus(change.stage);
      break;
    case Change::Kind::add_node:
      pause_keyed();
      break;
    case Change::Kind::move_stage: {
      auto& pool = pools_[change.stage];
      pool.paused = pool.keyed;
      pool.pinned_to = change.node;
      pool.pinned = static_cast<uint32_t>(pool.replicas.size());
      for (const auto index : pool.replicas)
        if (replicas_[index].node != change.node) replicas_[index].retiring = true;
      break;
    }
    case Change::Kind::replace_worker:
      // Its own queue waits for the new one; no other worker of the stage is disturbed.
      replicas_[pools_[change.stage].replicas[change.worker]].retiring = true;
      break;
    case Change::Kind::remove_node:
      pause_keyed();
      for (auto& r : replicas_)
        if (r.node == change.node && !r.gone) r.retiring = true;
      break;
  }
  change_waits_for_ = 0;
  for (uint32_t index = 0; index < replicas_.size(); ++index) {
    const auto& r = replicas_[index];
    if (r.gone || !(r.retiring || pools_[r.stage].paused)) continue;
    if (r.phase == Phase::vacant)
      remove_idle(index);
    else
      ++change_waits_for_;
  }
  if (change_waits_for_ == 0) finish_change(now_ns);
}

void Cluster::finish_change(int64_t now_ns) {
  const auto change = changes_.front();
  changes_.pop_front();
  if (change.kind == Change::Kind::add_node) nodes_.push_back({.speed = change.speed});
  if (change.kind == Change::Kind::remove_node) nodes_[change.node].removed = true;
  if (change.kind == Change::Kind::replace_worker) renew(change.stage, change.worker);
  for (auto& pool : pools_)
    std::erase_if(pool.replicas, [&](uint32_t index) {
      auto& r = replicas_[index];
      if (r.retiring) {
        r.gone = true;
        --nodes_[r.node].replicas;
      }
      return r.gone;
    });
  for (uint32_t stage = 0; stage < pools_.size(); ++stage) {
    add_replicas(stage);
    deal_keys(pools_[stage]);
    pools_[stage].paused = false;
  }
  for (uint32_t index = 0; index < replicas_.size(); ++index)
    if (replicas_[index].phase == Phase::vacant) refresh(now_ns, index);
  confirmations_.push_back({change.event, ""});
  if (!changes_.empty()) schedule_change(now_ns);
}

// A node that was added later has every ability.
bool Cluster::runs(uint32_t node, uint32_t stage) const {
  return node >= topology_.nodes.size() || topology_.nodes[node].runs[stage];
}

// Every node that can run it gets as many replicas of the stage as its parallelism says. Workers are numbered as they
// were added.
void Cluster::add_replicas(uint32_t stage) {
  auto& pool = pools_[stage];
  std::vector<uint32_t> present(nodes_.size(), 0);
  for (const auto index : pool.replicas) ++present[replicas_[index].node];
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    if (nodes_[node].removed || !runs(node, stage)) continue;
    for (; present[node] < wanted(pool, node); ++present[node]) {
      pool.replicas.push_back(static_cast<uint32_t>(replicas_.size()));
      replicas_.push_back({.stage = stage, .node = node});
      ++nodes_[node].replicas;
    }
  }
}

// A new replica in the place of one that retires.
void Cluster::renew(uint32_t stage, uint32_t worker) {
  auto& place = pools_[stage].replicas[worker];
  auto& old = replicas_[place];
  old.gone = true;
  const auto node = old.node;
  place = static_cast<uint32_t>(replicas_.size());
  replicas_.push_back({.stage = stage, .node = node, .worker = worker});
}

uint32_t Cluster::wanted(const Pool& pool, uint32_t node) {
  if (pool.pinned_to == none) return pool.parallelism;
  return pool.pinned_to == node ? pool.pinned : 0;
}

void Cluster::retire_surplus(uint32_t stage) {
  auto& pool = pools_[stage];
  if (pool.pinned_to != none) pool.pinned = pool.parallelism;
  std::vector<uint32_t> kept(nodes_.size(), 0);
  for (const auto index : pool.replicas)
    if (auto& r = replicas_[index]; kept[r.node]++ >= pool.parallelism) r.retiring = true;
}

void Cluster::pause_keyed() {
  for (auto& pool : pools_) pool.paused = pool.keyed;
}

// Numbers the workers and hands what waits to the replicas that its keys now belong to. All jobs of a key wait in one
// queue, so their order is kept.
void Cluster::deal_keys(Pool& pool) {
  for (uint32_t worker = 0; worker < pool.replicas.size(); ++worker) replicas_[pool.replicas[worker]].worker = worker;
  const auto count = pool.keyed ? pool.replicas.size() : 1;
  if (pool.queues.size() == count) return;
  auto before = std::exchange(pool.queues, std::vector<JobQueue>(count));
  for (auto& queue : before)
    while (!queue.empty()) {
      const auto job = queue.pop();
      pool.queues[worker_for(job.route, count)].push(job);
    }
}

}  // namespace mock

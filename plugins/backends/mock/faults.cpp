// What breaks: kill loses what executes, freeze holds it, slow stretches it, a cut link keeps new work away. State of a
// keyed stage survives, as if it were kept outside the worker; what waits for a worker that is down waits until it is
// healed.
#include "mock/cluster.hpp"

namespace mock {

std::vector<Lost> Cluster::apply(int64_t now_ns, const Fault& fault) {
  std::vector<uint32_t> struck;
  const auto set = [&](auto& target) { (fault.kind == Fault::Kind::kill ? target.down : target.frozen) = !fault.heal; };
  if (fault.node == none) {
    const auto& workers = pools_[fault.stage].replicas;
    if (fault.worker >= workers.size())
      throw sage::Failure(SAGE_INVALID, "mock: stage '" + topology_.stages[fault.stage].name + "' has no worker " +
                                            std::to_string(fault.worker) + "; they are 0 to " +
                                            std::to_string(workers.size() - 1));
    struck.push_back(workers[fault.worker]);
    set(replicas_[struck[0]]);
  } else {
    if (fault.node >= nodes_.size() || nodes_[fault.node].removed)
      throw sage::Failure(SAGE_INVALID, "mock: there is no node " + std::to_string(fault.node));
    for (uint32_t index = 0; index < replicas_.size(); ++index)
      if (replicas_[index].node == fault.node && !replicas_[index].gone) struck.push_back(index);
    if (fault.kind == Fault::Kind::slow)
      nodes_[fault.node].slow_factor = fault.heal ? 1 : fault.factor;
    else if (fault.kind == Fault::Kind::cut)
      nodes_[fault.node].cut = !fault.heal;
    else
      set(nodes_[fault.node]);
  }

  // Everything is brought up to date under the old speed before an execution is lost.
  for (const auto index : struck) refresh(now_ns, index);
  std::vector<Lost> lost;
  if (fault.kind == Fault::Kind::kill && !fault.heal) {
    for (const auto index : struck) {
      const auto& r = replicas_[index];
      if (r.phase == Phase::vacant) continue;
      lost.push_back({r.job, r.stage, r.node});
      vacate(now_ns, index);
    }
  }
  return lost;
}

}  // namespace mock

// Does not look at what the nodes are like.
#include <vector>

#include "instant.hpp"

class Broken : public Instant {
 public:
  using Instant::Instant;
  void open(const sage_run& run) override {
    nodes_.resize(run.nodes);
    for (uint32_t n = 0; n < run.nodes; ++n) {
      nodes_[n].struct_size = sizeof(sage_node_stats);
      nodes_[n].node = n;
      nodes_[n].capacity = 1;
    }
    for (const auto& node : nodes_) list_.push_back(&node);
  }
  sage_stats stats() override {
    sage_stats out{};
    out.struct_size = sizeof out;
    out.nodes = list_.data();
    out.n_nodes = list_.size();
    return out;
  }

 private:
  std::vector<sage_node_stats> nodes_;
  std::vector<const sage_node_stats*> list_;
};

SAGE_PLUGIN(Broken)

// The drills of Q7: which changes of the deployment each consists of, and whether a backend can do them.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace workloads::q7 {

// What a drill has to work with; it changes from drill to drill.
struct Deployment {
  std::string stage;             // the one that is drilled
  std::vector<std::string> all;  // every stage
  uint32_t parallelism = 2;      // replicas of a stage, a node
  uint64_t nodes = 1;            // there are now
  uint64_t next_node = 1;        // number that an added one gets
  uint64_t moved = 0;            // workers of `stage` since it was moved to one node; 0 = it was not
};

struct Drill {
  std::string name;
  std::vector<sage::Event> events;  // in order; spread evenly over the drill, without due times
};

struct Drills {
  std::vector<Drill> chosen;
  std::vector<std::string> left_out;  // "move-stage: needs two nodes; use --nodes 2"
};

// `names`: "scale-out,rolling", or empty for all that the backend can do. A drill that is named and cannot be done
// throws sage::Failure(SAGE_INVALID) with the remedy, unless `skip`.
Drills choose_drills(const std::string& names, bool skip, const std::vector<std::string>& capabilities,
                     Deployment deployment);

}  // namespace workloads::q7

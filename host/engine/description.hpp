// What a workload says of itself, checked before anything relies on it.
#pragma once

#include <sage/abi.h>

#include <span>
#include <string>
#include <vector>

namespace host::engine {

struct Description {
  std::vector<const sage_stage*> stages;
  std::vector<const sage_pipeline*> pipelines;
  std::vector<const sage_class*> classes;
  std::vector<const sage_tenant*> tenants;
  std::vector<const sage_node*> nodes;  // that it asks for; empty = as many as the run says, all alike
};

// Throws Error(failed) naming plugin, field and what is allowed.
void check_description(const Description& description, const std::string& workload);
// Of control events from the start of the schedule, each after the one before, which was due at `after_ns`. Returns
// when the last one is due. Throws likewise.
int64_t check_events(std::span<const sage_event> events, int64_t after_ns, const std::string& workload);

}  // namespace host::engine

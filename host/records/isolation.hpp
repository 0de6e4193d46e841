// What tenants do to each other, from phases that are named for it: `solo:<tenant>`, in which a tenant runs alone, and
// `shared` or `shared:<label>`, in which they run together.
#pragma once

#include "records/summary.hpp"

namespace host::records {

// Adds interference_* to the rows of tenants in shared phases, and gives each shared phase its stp, antt,
// isolation_index and fairness. `phase_tenants`: every phase by every tenant.
std::vector<SharedPhase> isolation(std::vector<ScopeSummary>& phase_tenants);

// Jain's index over the tenants that offered something, of throughput / demand.
metrics::Metric fairness(std::span<const ScopeSummary* const> tenants);

}  // namespace host::records

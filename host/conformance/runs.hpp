// The short runs that show what a plugin does.
#pragma once

#include "catalog/catalog.hpp"
#include "cell/supervise.hpp"
#include "conformance/requirement.hpp"

namespace host::conformance {

// A workload runs on a backend in the process and in the simulator; a backend with workloads of the catalog, and with
// `timeline`, for what it claims. After a run that came to no end by itself there is no other.
Evidence try_runs(const catalog::Manifest& plugin, const catalog::Catalog& catalog,
                  const std::filesystem::path& scratch, uint64_t seed, cell::StopSignals& stop);

// The manifest of `timeline`, which lies beside the catalog of shipped plugins.
std::filesystem::path timeline_manifest(const catalog::Catalog& catalog);

}  // namespace host::conformance

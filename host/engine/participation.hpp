// Which nodes of a run that is meant for several took no part in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/description.hpp"
#include "records/rows.hpp"

namespace host::engine {

// Of a run on fewer requests for each worker of a stage nothing is said: ten are enough for a node to be reached,
// whether the backend deals work out in turn, by chance or by load.
inline constexpr uint64_t requests_a_worker_min = 10;

// The nodes, of those `asked` for, that served none of the measured requests though there was work that they could do,
// and no event explains it. docs/metrics.md has the rule.
std::vector<uint32_t> idle_nodes(const Description& description, uint32_t asked, uint32_t parallelism,
                                 const records::RunResult& result);

// "node 3", "nodes 3 and 4", "nodes 3, 4 and 5 others".
std::string nodes_text(const std::vector<uint32_t>& nodes);

}  // namespace host::engine

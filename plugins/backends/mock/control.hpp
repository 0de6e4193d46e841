// A control event's text turned into what the cluster is asked to do.
#pragma once

#include <sage/plugin.hpp>

#include <variant>

#include "mock/cluster.hpp"
#include "mock/topology.hpp"

namespace mock {

using Control = std::variant<Fault, Change>;

// Throws sage::Failure: SAGE_UNSUPPORTED for an unknown kind, SAGE_INVALID for arguments that are missing or wrong.
Control read_control(const sage_event& event, const Topology& topology);

}  // namespace mock

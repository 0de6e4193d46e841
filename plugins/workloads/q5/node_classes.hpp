// Nodes as a user writes them: "fast:1x1.0,slow:3x0.35,no-llm:1" is one node of speed 1, three of speed 0.35, and one
// of speed 1 that lacks the ability `llm`. A class whose name is "no-" and an ability lacks it; all others have them
// all.
#pragma once

#include <sage/plugin.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::q5 {

// NAME:COUNT[xSPEED], separated by commas. Throws sage::Failure(SAGE_INVALID) that says which part is wrong.
std::vector<sage::NodeSpec> read_node_classes(const std::string& text, std::span<const std::string_view> abilities);

}  // namespace workloads::q5

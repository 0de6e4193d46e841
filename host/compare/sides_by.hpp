// Sides that are told apart by other things than their backend: options, schedulers, what an experiment calls them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/results.hpp"

namespace host::compare {

// "scheduler,q2.baseline" as its keys. Throws Error(usage).
std::vector<std::string> parse_keys(std::string_view text);

// Results with their sides by `keys`: "backend", "input", "side", or names of facts (facts.hpp); "input" and "side"
// stand alone. None: "side" where all are cells of experiments, else "backend". Throws Error(usage) as read_results()
// does, and for a key that no record has.
ResultSet read_sides(std::span<const std::filesystem::path> inputs, std::span<const std::string> keys);

// With "side" (of the cells of an experiment) a group is a point of it, and records are put in the order of points and
// sides. With other keys a group is what is equal in everything else: a point of an experiment that was made by hand.
// Where only one run of each side is left, or a side has no partner, the mismatches say in what it differs from the
// nearest.
void set_sides(ResultSet& results, std::span<const std::string> keys);

}  // namespace host::compare

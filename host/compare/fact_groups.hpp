// Sides by the values of keys, in groups that are equal in everything else: the part of sides_by.hpp that does not ask
// an experiment.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "compare/results.hpp"

namespace host::compare {

void group_by_facts(ResultSet& results, std::span<const std::string> keys);

using BySide = std::map<std::string, std::set<std::string>>;  // values of a fact
bool alike(const BySide& sides);                              // each has the same ones
std::map<std::string, std::string> joined(const BySide& sides);

}  // namespace host::compare

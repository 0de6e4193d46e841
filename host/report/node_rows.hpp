// What each node did, over all repetitions of a side: a row a node, of runs on several nodes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

struct NodeRow {
  std::string_view side;
  int64_t node = 0;
  std::vector<double> requests;  // by repetition, where its record has them; so are the others
  std::vector<double> share;
  std::vector<double> busy_s;
  std::vector<double> capacity;
  size_t idle = 0;  // repetitions in which it served nothing
};

// The first nodes of each side; refers to the comparison. Failed and invalid runs are among them: what a node did is
// often why.
std::vector<NodeRow> node_rows(const compare::ComparedConfig& config);

// "2000", or median and range: "2000 [1950, 2100]"; "n/a" where no record says it.
std::string node_count_text(const std::vector<double>& requests);
std::string node_share_text(const std::vector<double>& share);
std::string node_value_text(const std::vector<double>& values);

}  // namespace host::report

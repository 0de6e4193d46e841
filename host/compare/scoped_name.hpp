// A metric as it is written in conditions: "latency_p99", "class:chat/slo_attainment".
#pragma once

#include <string>
#include <string_view>

#include "metrics/definitions.hpp"

namespace host::compare {

struct ScopedName {
  std::string scope = "total";
  std::string metric;
  std::string problem;  // what is wrong with it, in words; empty = nothing
};

ScopedName read_scoped_name(std::string_view text);
// Of what a scope is: of the whole, of a part, of a kind of event.
metrics::Kinds kind_of_scope(std::string_view scope);

std::string_view trimmed(std::string_view text);  // without blanks around it

}  // namespace host::compare

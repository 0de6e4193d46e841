// What a record tells of how its run was made, by name.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "compare/results.hpp"

namespace host::compare {

struct Fact {
  enum class Of {
    run,      // must be equal where runs are set against each other
    backend,  // likewise, of runs on one backend
    told,     // a text that the record bears; two runs may differ in it
  };
  std::string value;
  Of of = Of::run;
};

// "rate" (and every option of the load), "q2.baseline", "mock.service_ms", "backend", "scheduler", "nodes", "seed",
// "host version", "machine", ...; without the run's clock, which is judged by itself.
using Facts = std::map<std::string, Fact>;
Facts facts_of(const ResultRecord& record);

// By its name, or an option's without its plugin ("baseline"). Null if there is none. Throws Error(usage) where
// workload and backend both have one.
const Fact* find_fact(const Facts& facts, std::string_view key, std::string* name = nullptr);

}  // namespace host::compare

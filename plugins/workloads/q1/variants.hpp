// The four shapes of Q1's pipeline: which stages there are, what each costs, and how they hang together.
#pragma once

#include <sage/plugin.hpp>

#include <string_view>

namespace workloads::q1 {

struct Variant {
  sage::Json config;              // the options as this variant's stages read them; one object configures all
  sage::Description description;  // without classes; pipeline 0 is a query's, 1 that of the other class
  bool has_updates = false;       // the other class are updates of documents, else plain embedding requests
};

// Throws sage::Failure for a name that is none.
Variant q1_variant(std::string_view name, const sage::Json& options);

}  // namespace workloads::q1

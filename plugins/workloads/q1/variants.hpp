// The shapes of Q1's pipeline: which stages there are, what each costs, and how they hang together.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace workloads::q1 {

// chat and query: a question and its answer, alone or beside updates. task: a text and its features.
enum class Kind : uint8_t { chat, query, embedding, update, task };

struct Variant {
  sage::Json config;              // the options as this variant's stages read them; one object configures all
  sage::Description description;  // without classes
  std::vector<Kind> kinds;        // of the requests of each pipeline, and of the class of that number
};

// Throws sage::Failure for a name that is none.
Variant q1_variant(std::string_view name, const sage::Json& options);

}  // namespace workloads::q1

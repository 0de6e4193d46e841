// The text operators by name, for a workload's open_operator.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <string_view>

namespace operators::rag {

// Each is named as its file; null for any other name. `config` is the stage's: each operator reads
// the members it knows, so one object configures a whole chain.
std::unique_ptr<sage::Operator> open_rag_operator(std::string_view name, const sage::Json& config);

}  // namespace operators::rag

// One metric of one cell's record.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace host::experiment {

// Nothing where the record has no such metric, or no value of it. "capacity" and what else a search finds are of the
// total too.
std::optional<double> metric_of(const nlohmann::ordered_json& record, std::string_view scope, std::string_view name);

}  // namespace host::experiment

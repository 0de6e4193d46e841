#include "compare/facts.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"
#include "compare/validity.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;
using Of = Fact::Of;

// 20 and 20.0 are one value.
std::string text_of(const Json& value) {
  if (value.is_string()) return base::shown_text(value.get_ref<const std::string&>());
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return base::shown_text(value.dump());
}

void add_members(Facts& facts, const std::string& prefix, const Json& object, Of of) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items())
    if (value.is_primitive() && !value.is_null()) facts[prefix + base::shown_text(name)] = {text_of(value), of};
}

void add(Facts& facts, const std::string& name, std::string value, Of of = Of::run) {
  if (!value.empty()) facts[name] = {base::shown_text(value), of};
}

// What our records say and those of the Python package do not, and the other way round.
void add_configuration(Facts& facts, const ResultRecord& record) {
  const auto& config = record.metadata({"config"});
  if (!config.is_object()) {
    add(facts, "config_hash", base::short_hash(record.config_hash));
    for (const auto& [name, fact] : Facts(facts))
      if (name.ends_with("_version")) facts[name].of = Of::run;
    return;
  }
  add_members(facts, "", config, Of::run);
  facts.erase("workload");
  add_members(facts, "", base::field(config, "load"), Of::run);
  const auto id = base::text(config, "workload");
  add_members(facts, base::to_lower(id.empty() ? record.workload : id) + ".", base::field(config, "options"), Of::run);
}

}  // namespace

Facts facts_of(const ResultRecord& record) {
  Facts facts;
  const auto& metadata = base::field(record.columns, "metadata");
  if (metadata.is_object())
    for (const auto& [name, value] : metadata.items())
      if (value.is_string() && name != "clock") facts[base::shown_text(name)] = {text_of(value), Of::told};
  add_configuration(facts, record);
  add_members(facts, record.backend + ".", record.metadata({"backend_config"}), Of::backend);
  add(facts, "backend", record.backend);
  for (const auto& [name, value] :
       {std::pair{"seed", record.seed}, {"nodes", record.nodes}, {"parallelism", record.parallelism}})
    if (value) add(facts, name, fmt::format("{}", *value));
  for (const auto* name : {"scheduler", "scheduler_name"}) add(facts, "scheduler", base::text(metadata, name));
  add(facts, "host version", host_version(record));
  add(facts, "machine", machine(record));
  const auto& environment = record.metadata({"environment"});
  const auto library = [&](const char* of) {
    return base::short_hash(base::text(base::field(environment, of), "library_sha256"));
  };
  add(facts, "the workload's library", library("workload"));
  add(facts, "the backend's library", library("backend"), Of::backend);
  add_members(facts, "version of ", base::field(environment, "versions"), Of::backend);
  // The load at which a search ended is what it found.
  if (record.metadata({"search"}).is_object())
    for (const auto* found : {"rate", "concurrency"}) facts.erase(found);
  return facts;
}

const Fact* find_fact(const Facts& facts, std::string_view key, std::string* name) {
  auto found = facts.find(std::string(key));
  if (found == facts.end()) {
    const auto ending = fmt::format(".{}", key);
    for (auto it = facts.begin(); it != facts.end(); ++it) {
      if (!it->first.ends_with(ending)) continue;
      if (found != facts.end())
        throw base::usage_error(
            fmt::format("--by {}: both {} and {} are called so; name one of them", key, found->first, it->first));
      found = it;
    }
  }
  if (found == facts.end()) return nullptr;
  if (name != nullptr) *name = found->first;
  return &found->second;
}

}  // namespace host::compare

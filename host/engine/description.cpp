#include "engine/description.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"

namespace host::engine {
namespace {

constexpr size_t classes_max = 256;
constexpr size_t tenants_max = 256;
constexpr size_t combinations_max = 4096;  // of a class and a tenant
constexpr size_t name_max = 256;           // bytes
constexpr uint32_t steps_max = 4096;
constexpr uint64_t words_max = 1024;  // abilities, of a node or a stage
constexpr uint32_t parallelism_max = 65'536;

class Check {
 public:
  explicit Check(const std::string& workload) : workload_(workload) {}

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw base::Error(base::Exit::failed, fmt::format("workload '{}': {}; report it to its author", workload_,
                                                      fmt::format(format, std::forward<Args>(args)...)));
  }

  // Each there, with a name; `distinct`: each another one.
  template <class T>
  void names(const std::vector<const T*>& items, const char* what, bool distinct = true) const {
    std::set<std::string_view> seen;
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i] == nullptr) refuse("{} {} is null", what, i);
      const auto name = sage::view(items[i]->name);
      if (name.empty() || name.size() > name_max)
        refuse("the name of {} {} has {} bytes, 1 to {} are possible", what, i, name.size(), name_max);
      if (!seen.insert(name).second && distinct)
        refuse("two {}s are called {}; each needs a name of its own", what, base::in_quotes(name));
    }
  }

  void number(const std::string& where, const char* field, double value) const {
    if (!std::isfinite(value) || value < 0) refuse("{}: {} is {}, a number from 0 up is possible", where, field, value);
  }

  std::set<std::string> words(const std::string& where, const char* field, uint64_t n, const sage_str* list) const {
    if (n > words_max || (n != 0 && list == nullptr))
      refuse("{}: {} has {} entries{}, up to {} are possible", where, field, n, list == nullptr ? " and no list" : "",
             words_max);
    std::set<std::string> out;
    for (uint64_t i = 0; i < n; ++i) out.emplace(sage::view(list[i]));
    return out;
  }

 private:
  const std::string& workload_;
};

template <class T>
std::string called(const char* what, const T& item) {
  return fmt::format("{} {}", what, base::in_quotes(sage::view(item.name)));
}

void check_stages(const Check& check, const Description& d) {
  std::vector<std::set<std::string>> able;
  for (const auto* node : d.nodes) {
    const auto where = called("node", *node);
    if (!std::isfinite(node->speed) || node->speed <= 0)
      check.refuse("{}: speed is {}, a number above 0 is possible", where, node->speed);
    able.push_back(check.words(where, "abilities", node->n_abilities, node->abilities));
  }
  for (const auto* stage : d.stages) {
    const auto where = called("stage", *stage);
    if (stage->key_by > SAGE_KEY_INPUT)
      check.refuse("{}: key_by is {}, 0 (none), 1 (request) and 2 (input) are possible", where, stage->key_by);
    if (stage->parallelism > parallelism_max)
      check.refuse("{}: parallelism is {}, 0 to {} is possible", where, stage->parallelism, parallelism_max);
    check.number(where, "cost_base_ns", stage->cost_base_ns);
    check.number(where, "cost_per_unit_in_ns", stage->cost_per_unit_in_ns);
    check.number(where, "cost_per_unit_out_ns", stage->cost_per_unit_out_ns);
    if (stage->config.size != 0 && !base::parse_json(sage::view(stage->config)).is_object())
      check.refuse("{}: config is no JSON object", where);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
    if (!SAGE_HAS(stage, sage_stage, needs)) continue;
    const auto needs = check.words(where, "needs", stage->n_needs, stage->needs);
    const bool somewhere =
        std::ranges::any_of(able, [&](const auto& abilities) { return std::ranges::includes(abilities, needs); });
    if (!d.nodes.empty() && !somewhere)  // nodes that nobody described have everything
      check.refuse("{}: needs {}, which none of its {} nodes has", where, fmt::join(needs, ", "), d.nodes.size());
  }
}

void check_pipeline(const Check& check, const sage_pipeline& pipeline, size_t stages) {
  const auto where = called("pipeline", pipeline);
  if (SAGE_HAS_FIELD(&pipeline, sage_pipeline, flags) && (pipeline.flags & ~SAGE_PIPELINE_FLAGS) != 0)
    check.refuse("{}: flags are {:#x}, {:#x} are possible", where, pipeline.flags, SAGE_PIPELINE_FLAGS);
  if (pipeline.n_steps == 0 || pipeline.n_steps > steps_max || pipeline.steps == nullptr)
    check.refuse("{}: it has {} steps, 1 to {} are possible", where, pipeline.n_steps, steps_max);
  std::vector<bool> taken(pipeline.n_steps);
  for (uint32_t i = 0; i < pipeline.n_steps; ++i) {
    if (pipeline.steps[i] == nullptr) check.refuse("{}: step {} is null", where, i);
    const auto& step = *pipeline.steps[i];
    if (step.stage >= stages) check.refuse("{}: step {} names stage {}, there are {}", where, i, step.stage, stages);
    if (step.n_inputs > i || (step.n_inputs != 0 && step.inputs == nullptr))
      check.refuse("{}: step {} has {} inputs, {} steps come before it", where, i, step.n_inputs, i);
    for (uint32_t k = 0; k < step.n_inputs; ++k) {
      if (step.inputs[k] >= i)
        check.refuse("{}: step {} takes the output of step {}, which is not earlier", where, i, step.inputs[k]);
      taken[step.inputs[k]] = true;
    }
  }
  for (uint32_t i = 0; i + 1 < pipeline.n_steps; ++i)
    if (!taken[i])
      check.refuse("{}: no step takes the output of step {}; that of the last one is the result", where, i);
}

const char* kinds_of_events = "1 (mark), 2 (fault), 3 (heal) and 4 (reconfigure) are possible";

}  // namespace

void check_description(const Description& d, const std::string& workload) {
  const Check check(workload);
  if (d.stages.empty() || d.pipelines.empty() || d.classes.empty() || d.tenants.empty())
    check.refuse("it describes no stage, pipeline, class or tenant");
  const auto classes = d.classes.size(), tenants = d.tenants.size();
  if (classes > classes_max || tenants > tenants_max || classes * tenants > combinations_max)
    check.refuse("{} classes and {} tenants, {} and {} are possible, and {} combinations", classes, tenants,
                 classes_max, tenants_max, combinations_max);
  check.names(d.stages, "stage");
  check.names(d.pipelines, "pipeline");
  check.names(d.classes, "class");
  check.names(d.tenants, "tenant");
  check.names(d.nodes, "node", false);  // of its kind: there may be several
  check_stages(check, d);
  for (const auto* pipeline : d.pipelines) check_pipeline(check, *pipeline, d.stages.size());
  for (const auto* c : d.classes)
    for (const auto& [field, ns] : {std::pair{"slo_response_ns", c->slo_response_ns},
                                    {"slo_ttft_ns", c->slo_ttft_ns},
                                    {"slo_tpot_ns", c->slo_tpot_ns}})
      if (ns < 0) check.refuse("{}: {} is {}, 0 (none) and more are possible", called("class", *c), field, ns);
}

int64_t check_events(std::span<const sage_event> events, int64_t after_ns, const std::string& workload) {
  const Check check(workload);
  for (const auto& event : events) {
    const auto target = sage::view(event.target);
    const auto where = fmt::format("event {} at {} ns", base::in_quotes(target.substr(0, name_max)), event.due_ns);
    if (event.kind < SAGE_EVENT_MARK || event.kind > SAGE_EVENT_RECONFIGURE)
      check.refuse("{}: kind is {}, {}", where, event.kind, kinds_of_events);
    if (target.empty() || target.size() > name_max)
      check.refuse("{}: target has {} bytes, 1 to {} are possible", where, target.size(), name_max);
    if (event.due_ns < after_ns)
      check.refuse("{}: due_ns is before that of the event before it, {} ns, or of the schedule's start", where,
                   after_ns);
    const auto args = base::parse_json(event.args.size == 0 ? "{}" : sage::view(event.args), base::json_part_depth_max);
    if (!args.is_object() && !args.is_null()) check.refuse("{}: args is no JSON object", where);
    after_ns = event.due_ns;
  }
  return after_ns;
}

}  // namespace host::engine

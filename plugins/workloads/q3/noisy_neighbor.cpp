#include "workloads/q3/noisy_neighbor.hpp"

#include <charconv>
#include <cmath>
#include <string>

#include "operators/common/config.hpp"
#include "operators/model_server/generate.hpp"

namespace workloads::q3 {
namespace {

using operators::common::read;

constexpr uint16_t batch_class = 2;     // after the mix's
constexpr uint16_t batch_pipeline = 2;  // likewise

// Holds its replica for as long as the next request has to wait; passes nothing on, so that results do not depend on
// it.
class Admit final : public sage::Operator {
 public:
  explicit Admit(const sage::Json& config)
      : base_ns_(read<double>(config, "base_ns", 0.0)),
        per_unit_in_ns_(read<double>(config, "per_unit_in_ns", 0.0)),
        per_unit_out_ns_(read<double>(config, "per_unit_out_ns", 0.0)) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    const auto& r = in.request();
    out.hold_ns = std::llround(base_ns_ + per_unit_in_ns_ * r.units_in + per_unit_out_ns_ * r.units_out);
    out.digest = 0;
  }

 private:
  double base_ns_, per_unit_in_ns_, per_unit_out_ns_;
};

std::vector<double> read_steps(const std::string& text) {
  std::vector<double> steps;
  for (std::string_view rest = text;;) {
    const auto item = rest.substr(0, rest.find(','));
    double step = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), step);
    if (error != std::errc{} || end != item.data() + item.size() || !(step > 0 && step <= 1000) || steps.size() == 16)
      throw sage::Failure(SAGE_INVALID, "option 'batch_steps' is '" + text +
                                            "'; give up to 16 factors above 0, the first for phase shared: 1,1.5,2");
    steps.push_back(step);
    if (item.size() == rest.size()) return steps;
    rest.remove_prefix(item.size() + 1);
  }
}

std::vector<std::string> tenant_names(const sage::Json& options) {
  std::vector<std::string> names = {"interactive", "batch"};
  const auto disturbers = read<uint32_t>(options, "batch_tenants", 1, 1, 16);
  for (uint32_t i = 2; i <= disturbers; ++i) names.push_back("batch" + std::to_string(i));
  return names;
}

std::vector<TenantPhase> read_phases(const sage::Json& options) {
  const auto names = tenant_names(options);
  const auto interactive = read<double>(options, "interactive_share", 0.4, 0.01, 0.99);
  std::vector<double> rates(names.size(), (1 - interactive) / static_cast<double>(names.size() - 1));
  rates[0] = interactive;
  std::vector<TenantPhase> phases;
  for (size_t t = 0; t < names.size(); ++t) {
    TenantPhase solo{"solo:" + names[t], std::vector<double>(names.size(), 0)};
    solo.rates[t] = rates[t];
    phases.push_back(std::move(solo));
  }
  for (const auto step : read_steps(operators::common::read_text(options, "batch_steps", "1,1.5,2"))) {
    auto name = std::to_string(step);
    name.erase(name.find_last_not_of('0') + 1);
    if (name.ends_with('.')) name.pop_back();
    TenantPhase shared{step == 1 ? "shared" : "shared:x" + name, rates};
    for (size_t t = 1; t < names.size(); ++t) shared.rates[t] *= step;
    phases.push_back(std::move(shared));
  }
  return phases;
}

}  // namespace

NoisyNeighbor::NoisyNeighbor(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : mix_(options),
      description_(operators::model_server::describe_mix(options, operators::model_server::Pools::unified,
                                                         read<uint32_t>(options, "parallelism", 2, 1))),
      phases_(read_phases(options), options.value("load", sage::Json::object())),
      batch_weight_(read<double>(options, "batch_weight", 1.5, 0.01, 1000)),
      batch_output_(operators::model_server::TokenRange::from_json(options, "output_tokens", {64, 256})),
      tenants_(read<uint64_t>(options, "seed", 42), "tenant"),
      batch_outputs_(read<uint64_t>(options, "seed", 42), "batch output_tokens"),
      check_(operators::common::DigestCheck::from_json(options)) {
  description_.tenants = tenant_names(options);
  description_.classes.push_back(
      {"batch", static_cast<int64_t>(read<double>(options, "slo_batch_ms", 5000, 0, 1e9) * 1e6), 0, 0});
  describe_admission(options);
}

void NoisyNeighbor::describe_admission(const sage::Json& options) {
  const auto admission = operators::common::read_text(options, "admission", "none");
  if (admission == "none") {
    description_.pipelines.push_back({"batch", {{0, {}}}});
    return;
  }
  // A replica a node, that all together let so many pass.
  const auto nodes = static_cast<double>(read<uint64_t>(options, "nodes", 1));
  const auto model = operators::model_server::GenerateConfig::from_json(options);
  sage::StageSpec admit{"admit", "admit", sage::Json::object(), SAGE_KEY_NONE, 1};
  if (admission == "limit") {
    admit.cost_base_ns = nodes * 1e9 / read<double>(options, "admission_rate", 40, 0.001, 1e6);
  } else if (admission == "staggered") {
    const auto places = read<double>(options, "admission_places", 2, 0.01, 1e6);
    admit.cost_per_unit_in_ns = nodes * model.prefill_us_per_token * 1e3 / places;
    admit.cost_per_unit_out_ns = nodes * model.decode_us_per_token * 1e3 / places;
  } else {
    throw sage::Failure(SAGE_INVALID,
                        "q3 has no admission '" + admission + "'; use --admission none, staggered or limit");
  }
  admit.config = {{"base_ns", admit.cost_base_ns},
                  {"per_unit_in_ns", admit.cost_per_unit_in_ns},
                  {"per_unit_out_ns", admit.cost_per_unit_out_ns}};
  description_.stages.push_back(std::move(admit));
  description_.pipelines.push_back({"batch", {{1, {}}, {0, {0}}}});
}

std::unique_ptr<sage::Operator> NoisyNeighbor::open_operator(std::string_view name, const sage::Json& config,
                                                             uint32_t /*replica*/, uint32_t /*replicas*/) {
  if (name == "admit") return std::make_unique<Admit>(config);
  return operators::model_server::open_mix_operator(name, config);
}

size_t NoisyNeighbor::plan(std::span<sage_request> rows) {
  for (auto& row : rows) complete(row, phases_.place(row));
  return rows.size();
}

// A phase beyond the last is the warm-up, which runs at the load of phase shared.
void NoisyNeighbor::complete(sage_request& row, size_t phase) const {
  const auto& all = phases_.phases();
  const auto& rates = all[phase < all.size() ? phase : description_.tenants.size()].rates;
  double left = tenants_.unit(row.seq);
  double total = 0;
  for (const auto rate : rates) total += rate;
  left *= total;
  uint16_t tenant = 0;
  while (tenant + 1U < rates.size() && (left -= rates[tenant]) >= 0) ++tenant;
  while (rates[tenant] == 0) --tenant;  // where rounding went past the last one with load
  const auto given_in = row.units_in;   // by a trace
  const auto given_out = row.units_out;
  mix_.complete(row);
  row.tenant = tenant;
  row.priority = tenant == 0 ? 0 : 1;
  if (tenant == 0) return;
  row.class_id = batch_class;
  row.pipeline = batch_pipeline;
  const auto weighed = [&](uint64_t units) {
    return static_cast<uint32_t>(std::max(1.0, std::round(static_cast<double>(units) * batch_weight_)));
  };
  row.units_in = given_in != 0 ? given_in : weighed(row.units_in);
  row.units_out =
      given_out != 0 ? given_out : weighed(batch_outputs_.integer(row.seq, batch_output_.low, batch_output_.high));
}

void NoisyNeighbor::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion NoisyNeighbor::conclude() {
  return check_.conclude(*this, [this](sage_request& row) { complete(row, phases_.phase_of(row.seq)); });
}

}  // namespace workloads::q3

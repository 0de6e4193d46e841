#include "workloads/q8/recovery_soak.hpp"

#include <string>

#include "operators/bank/transact.hpp"
#include "operators/common/config.hpp"

namespace workloads::q8 {
namespace {

using operators::common::read;

enum Class : uint16_t { chat, embedding, transaction, noise };
enum Tenant : uint16_t { main_tenant, noise_tenant };
constexpr uint16_t first_order_pipeline = 2;  // after the mix's, in the order of OrderKind

sage::Description describe(const sage::Json& options) {
  auto description = operators::model_server::describe_mix(options, operators::model_server::Pools::separated,
                                                           read<uint32_t>(options, "parallelism", 2, 1));
  const auto apply_us = operators::bank::TransactConfig::from_json(options).work_us;
  const auto route = static_cast<uint32_t>(description.stages.size()), apply = route + 1;
  description.stages.push_back({"route", "route", options, SAGE_KEY_NONE, 0, 2e3, 0, 0});
  description.stages.push_back({"apply", "transact", options, SAGE_KEY_INPUT, 0, apply_us * 1e3, 0, 0});
  description.pipelines.push_back({"transfer", {{route, {}}, {apply, {0}}, {apply, {1}}}});
  for (const char* name : {"deposit", "balance", "audit"})
    description.pipelines.push_back({name, {{route, {}}, {apply, {0}}}});
  const auto slo_ns = static_cast<int64_t>(read<double>(options, "slo_transaction_ms", 650, 0) * 1e6);
  description.classes.push_back({"transaction", slo_ns, 0, 0});
  description.classes.push_back({"noise", 0, 0, 0});
  description.tenants = {"main", "noise"};
  return description;
}

FaultConfig fault_config(const sage::Json& options) {
  FaultConfig config;
  config.kinds = operators::common::read_text(options, "faults", "");
  config.every_s = read<double>(options, "fault_every", 30, 0.1);
  config.heal_after_s = read<double>(options, "heal_after", 10, 0.01);
  config.slow_factor = read<double>(options, "slow_factor", 4, 1);
  config.capabilities = options.value("capabilities", std::vector<std::string>());
  config.stages = {"chat", "embedding"};
  config.nodes = read<uint32_t>(options, "nodes", 1, 1);
  config.workers = read<uint32_t>(options, "parallelism", 2, 1) * config.nodes;
  config.keeps_state = read<double>(options, "transact_share", 0.2, 0, 1) > 0;
  return config;
}

}  // namespace

RecoverySoak::RecoverySoak(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : transact_share_(read<double>(options, "transact_share", 0.2, 0, 1)),
      noise_share_(read<double>(options, "noise_share", 0.1, 0, 1)),
      traffic_(read<uint64_t>(options, "seed", 42), "traffic"),
      mix_(options),
      input_(operators::model_server::TokenRange::from_json(options, "input_tokens", {256, 512})),
      output_(operators::model_server::TokenRange::from_json(options, "output_tokens", {64, 256})),
      orders_(operators::bank::BankConfig::from_json(options)),
      description_(q8::describe(options)),
      faults_(fault_config(options), read<uint64_t>(options, "seed", 42)),
      warmup_items_(options.value("load", sage::Json::object()).value("warmup_items", uint64_t{0})),
      check_(operators::common::DigestCheck::from_json(options)),
      replay_(orders_) {
  if (transact_share_ + noise_share_ > 1)
    throw sage::Failure(SAGE_INVALID, "transact_share and noise_share add up to " +
                                          std::to_string(transact_share_ + noise_share_) +
                                          "; lower them to 1 at most (chat and embedding get the rest)");
}

std::unique_ptr<sage::Operator> RecoverySoak::open_operator(std::string_view name, const sage::Json& config,
                                                            uint32_t /*replica*/, uint32_t /*replicas*/) {
  auto op = operators::model_server::open_mix_operator(name, config);
  return op ? std::move(op) : operators::bank::open_bank_operator(name, config);
}

RecoverySoak::Traffic RecoverySoak::traffic(uint64_t seq) const {
  const double u = traffic_.unit(seq);
  return u < transact_share_                  ? Traffic::transaction
         : u < transact_share_ + noise_share_ ? Traffic::noise
                                              : Traffic::mix;
}

void RecoverySoak::fill(sage_request& row) const {
  const auto kind = traffic(row.seq);
  if (kind == Traffic::transaction) {
    const auto order = orders_.order(row.seq);
    row.pipeline = static_cast<uint16_t>(first_order_pipeline + static_cast<uint16_t>(order.kind));
    row.class_id = Class::transaction;
    row.key = order.from;
    row.priority = 1;
    row.units_in = row.units_out = 0;
    return;
  }
  if (kind == Traffic::noise) {
    row.units_in = row.units_in == 0 ? input_.high : row.units_in;
    row.units_out = row.units_out == 0 ? output_.high : row.units_out;
  }
  mix_.complete(row);
  if (kind != Traffic::noise) return;
  row.pipeline = Class::chat;  // the pipeline of that class
  row.class_id = Class::noise;
  row.tenant = Tenant::noise_tenant;
  if (row.units_out == 0) row.units_out = output_.high;  // the mix had taken it for an embedding
}

size_t RecoverySoak::plan(std::span<sage_request> rows) {
  for (auto& row : rows) {
    fill(row);
    if (begin_ns_ < 0 && row.seq >= warmup_items_) begin_ns_ = row.due_ns;
  }
  return rows.size();
}

std::vector<sage::Event> RecoverySoak::events(int64_t until_ns) {
  return begin_ns_ < 0 ? std::vector<sage::Event>() : faults_.due(begin_ns_, until_ns);
}

void RecoverySoak::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  of_mix_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (traffic(rows[i].seq) == Traffic::transaction)
      verdicts[i] = replay_.settle(rows[i]);
    else
      of_mix_.push_back(rows[i]);
  }
  verdicts_.assign(of_mix_.size(), SAGE_VERDICT_UNCHECKED);
  check_.settle(of_mix_, verdicts_);
  size_t next = 0;
  for (size_t i = 0; i < rows.size(); ++i)
    if (traffic(rows[i].seq) != Traffic::transaction) verdicts[i] = verdicts_[next++];
}

sage::Conclusion RecoverySoak::conclude() {
  auto conclusion = check_.conclude(*this, [this](sage_request& row) { fill(row); });
  if (transact_share_ > 0) {
    const auto bank = replay_.conclude();
    if (bank.verdict == SAGE_VERDICT_WRONG || conclusion.verdict == SAGE_VERDICT_UNCHECKED)
      conclusion.verdict = bank.verdict;
    conclusion.report["bank"] = bank.report;
    for (const char* key : {"violations", "final_state_digest"})
      if (bank.report.contains(key)) conclusion.report[key] = bank.report[key];
  }
  const auto joined = [](const std::vector<std::string>& texts, const char* none) {
    std::string text;
    for (const auto& each : texts) text += (text.empty() ? "" : "; ") + each;
    return text.empty() ? none : text;
  };
  conclusion.report["faults"] = joined(faults_.kinds(), "none");
  conclusion.report["not_exercised"] = joined(faults_.left_out(), "nothing");
  return conclusion;
}

}  // namespace workloads::q8

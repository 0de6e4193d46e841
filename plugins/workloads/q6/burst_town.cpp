#include "workloads/q6/burst_town.hpp"

#include <string>

#include "operators/bank/transact.hpp"
#include "operators/common/config.hpp"

namespace workloads::q6 {
namespace {

using operators::bank::OrderKind;
using operators::common::read;

enum Priority : uint8_t { high, normal, low };  // also the index of the class

int64_t ms_to_ns(double ms) { return static_cast<int64_t>(ms * 1e6); }

}  // namespace

BurstTown::BurstTown(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : orders_(operators::bank::BankConfig::from_json(options)),
      replay_(orders_),
      high_share_(read<double>(options, "high_share", 0.2, 0, 1)),
      normal_share_(read<double>(options, "normal_share", 0.5, 0, 1)),
      priorities_(orders_.config().seed, "priority") {
  if (high_share_ + normal_share_ > 1)
    throw sage::Failure(SAGE_INVALID, "high_share and normal_share add up to " +
                                          std::to_string(high_share_ + normal_share_) +
                                          "; lower them to 1 at most (low gets the rest)");

  const auto config = operators::bank::TransactConfig::from_json(options);
  // Mean service time of `apply` for simulators, over the mix: see the manifest for what each part is.
  const auto& bank = config.bank;
  const double writes = 2 * bank.transfer_share + bank.deposit_share;
  const double audits = 1 - bank.transfer_share - bank.deposit_share - bank.balance_share;
  const double steps = 1 + bank.transfer_share;
  const double apply_us =
      ((writes + bank.balance_share) * config.work_us + writes * config.commit_us + audits * config.audit_us) / steps;
  description_.stages = {{"route", "route", options, SAGE_KEY_NONE, 0, 2e3, 0, 0},
                         {"apply", "transact", options, SAGE_KEY_INPUT, 0, apply_us * 1e3, 0, 0}};
  description_.pipelines = {{"transfer", {{0, {}}, {1, {0}}, {1, {1}}}},  // in the order of OrderKind
                            {"deposit", {{0, {}}, {1, {0}}}},
                            {"balance", {{0, {}}, {1, {0}}}},
                            {"audit", {{0, {}}, {1, {0}}}}};
  description_.classes = {{"high", ms_to_ns(read<double>(options, "slo_high_ms", 120, 0.001)), 0, 0},
                          {"normal", ms_to_ns(read<double>(options, "slo_normal_ms", 650, 0.001)), 0, 0},
                          {"low", ms_to_ns(read<double>(options, "slo_low_ms", 650, 0.001)), 0, 0}};
}

std::unique_ptr<sage::Operator> BurstTown::open_operator(std::string_view name, const sage::Json& config,
                                                         uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::bank::open_bank_operator(name, config);
}

// A trace's arrival times are kept; its keys and sizes are not, because the judge draws each order again from seq
// alone.
size_t BurstTown::plan(std::span<sage_request> rows) {
  for (auto& row : rows) {
    const auto order = orders_.order(row.seq);
    const double u = priorities_.unit(row.seq);
    row.pipeline = static_cast<uint16_t>(order.kind);
    row.priority = order.kind == OrderKind::audit    ? Priority::low
                   : u < high_share_                 ? Priority::high
                   : u < high_share_ + normal_share_ ? Priority::normal
                                                     : Priority::low;
    row.class_id = row.priority;
    row.key = order.from;
    row.units_in = row.units_out = 0;
  }
  return rows.size();
}

void BurstTown::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  for (size_t i = 0; i < rows.size(); ++i) verdicts[i] = replay_.settle(rows[i]);
}

}  // namespace workloads::q6

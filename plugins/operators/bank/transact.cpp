#include "operators/bank/transact.hpp"

#include <cmath>

#include "operators/common/churn.hpp"
#include "operators/common/config.hpp"

namespace operators::bank {
namespace {

void deliver(const Slip& slip, sage_op_output& out) {
  out.result = {&slip, sizeof slip};
  out.digest = digest_of(slip);
}

}  // namespace

TransactConfig TransactConfig::from_json(const sage::Json& config) {
  TransactConfig c;
  c.bank = BankConfig::from_json(config);
  c.work_us = common::read<double>(config, "work_us", c.work_us, 0, 1e6);
  c.audit_us = common::read<double>(config, "audit_us", c.audit_us, 0, 1e6);
  c.commit_us = common::read<double>(config, "commit_us", c.commit_us, 0, 1e6);
  return c;
}

void Route::run(const sage::OpInput& in, sage_op_output& out) {
  const auto seq = in.request().seq;
  const auto order = orders_.order(seq);
  slip_ = Slip{};
  slip_.key = slip_.from = order.from;
  slip_.to = order.to;
  slip_.seq = seq;
  slip_.kind = order.kind;
  slip_.amount = order.amount;
  if (order.kind == OrderKind::transfer && order.amount > orders_.config().transfer_limit)
    slip_.status = SlipStatus::over_limit;
  deliver(slip_, out);
}

Books::Books(uint64_t accounts, int64_t initial_balance)
    : accounts_(accounts, Account{initial_balance, 0}), initial_balance_(initial_balance) {}

Posting Books::post(uint64_t account, int64_t delta) {
  auto& a = accounts_[account];
  a.balance += delta;
  total_delta_ += delta;
  return {account, ++a.version, delta, a.balance};
}

bool Books::balanced() const {
  int64_t sum = 0;
  for (const auto& a : accounts_) sum += a.balance - initial_balance_;
  return sum == total_delta_;
}

Transact::Transact(const TransactConfig& config)
    : config_(config), books_(config.bank.accounts, config.bank.initial_balance) {}

void Transact::run(const sage::OpInput& in, sage_op_output& out) {
  slip_ = read_slip(in.bytes(), config_.bank.accounts, "transact");
  // A refused order touches no account; neither does one that has had all its operations.
  const uint32_t operations = slip_.kind == OrderKind::transfer ? 2 : 1;
  if (slip_.status == SlipStatus::accepted && slip_.n_postings < operations) {
    slip_.seal = common::churn(digest_of(slip_), slip_.kind == OrderKind::audit ? config_.audit_us : config_.work_us);
    apply();
    const bool wrote = slip_.postings[slip_.n_postings - 1].delta != 0;
    if (wrote) out.hold_ns = std::llround(config_.commit_us * 1000);
  }
  deliver(slip_, out);
}

void Transact::apply() {
  int64_t delta = 0;
  switch (slip_.kind) {
    case OrderKind::transfer:
      delta = slip_.n_postings == 0 ? -slip_.amount : slip_.amount;
      if (books_.balance(slip_.key) + delta < 0) {
        slip_.status = SlipStatus::insufficient_funds;
        delta = 0;
      }
      break;
    case OrderKind::deposit:
      delta = slip_.amount;
      break;
    case OrderKind::balance:
      break;
    case OrderKind::audit:
      slip_.books_balanced = books_.balanced() ? 1 : 0;
      break;
  }
  slip_.postings[slip_.n_postings++] = books_.post(slip_.key, delta);
  slip_.key = slip_.to;
}

std::unique_ptr<sage::Operator> open_bank_operator(std::string_view name, const sage::Json& config) {
  if (name == "route") return std::make_unique<Route>(TransactConfig::from_json(config));
  if (name == "transact") return std::make_unique<Transact>(TransactConfig::from_json(config));
  return nullptr;
}

}  // namespace operators::bank

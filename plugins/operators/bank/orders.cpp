#include "operators/bank/orders.hpp"

#include <array>
#include <cstring>
#include <string>

#include "operators/common/config.hpp"
#include "operators/common/wire.hpp"

namespace operators::bank {
namespace {

// A million accounts, and nine billion operations on one of them, stay below 2^63.
constexpr int64_t highest_balance = 1'000'000'000'000;
constexpr int64_t highest_amount = 1'000'000'000;

}  // namespace

BankConfig BankConfig::from_json(const sage::Json& config) {
  BankConfig c;
  c.seed = common::read<uint64_t>(config, "seed", c.seed);
  c.accounts = common::read<uint64_t>(config, "accounts", c.accounts, 2, 1'000'000);
  c.zipf = common::read<double>(config, "zipf", c.zipf, 0, 4);
  c.initial_balance = common::read<int64_t>(config, "initial_balance", c.initial_balance, 0, highest_balance);
  c.amount_max = common::read<int64_t>(config, "amount_max", c.amount_max, 1, highest_amount);
  c.transfer_limit = common::read<int64_t>(config, "transfer_limit", c.transfer_limit, 0, highest_amount);
  c.transfer_share = common::read<double>(config, "transfer_share", c.transfer_share, 0, 1);
  c.deposit_share = common::read<double>(config, "deposit_share", c.deposit_share, 0, 1);
  c.balance_share = common::read<double>(config, "balance_share", c.balance_share, 0, 1);
  const double sum = c.transfer_share + c.deposit_share + c.balance_share;
  if (sum > 1 + 1e-9)
    throw sage::Failure(SAGE_INVALID, "transfer_share, deposit_share and balance_share add up to " +
                                          std::to_string(sum) + "; lower them to 1 at most (audits get the rest)");
  return c;
}

const char* to_string(OrderKind kind) {
  switch (kind) {
    case OrderKind::transfer:
      return "transfer";
    case OrderKind::deposit:
      return "deposit";
    case OrderKind::balance:
      return "balance";
    case OrderKind::audit:
      return "audit";
  }
  return "unknown";
}

Orders::Orders(const BankConfig& config)
    : config_(config),
      popularity_(config.accounts, config.zipf),
      kinds_(config.seed, "bank.kind"),
      froms_(config.seed, "bank.from"),
      tos_(config.seed, "bank.to"),
      amounts_(config.seed, "bank.amount") {}

Order Orders::order(uint64_t seq) const {
  const double u = kinds_.unit(seq);
  const double deposits_from = config_.transfer_share;
  const double balances_from = deposits_from + config_.deposit_share;
  const double audits_from = balances_from + config_.balance_share;
  Order o;
  o.kind = u < deposits_from   ? OrderKind::transfer
           : u < balances_from ? OrderKind::deposit
           : u < audits_from   ? OrderKind::balance
                               : OrderKind::audit;
  o.from = o.to = popularity_.rank(froms_.unit(seq));
  if (o.kind == OrderKind::transfer) {
    o.to = popularity_.rank(tos_.unit(seq));
    if (o.to == o.from) o.to = (o.from + 1) % config_.accounts;
  }
  if (o.kind == OrderKind::transfer || o.kind == OrderKind::deposit)
    o.amount = static_cast<int64_t>(amounts_.integer(seq, 1, static_cast<uint64_t>(config_.amount_max)));
  return o;
}

Slip read_slip(std::span<const std::byte> bytes, uint64_t accounts, std::string_view stage) {
  const auto refuse = [&](const std::string& why) {
    throw sage::Failure(SAGE_FAILED, std::string(stage) + ": the slip " + why + "; the transport damaged it");
  };
  if (bytes.size() != sizeof(Slip))
    refuse("has " + std::to_string(bytes.size()) + " bytes instead of " + std::to_string(sizeof(Slip)));
  Slip slip;
  std::memcpy(&slip, bytes.data(), sizeof slip);
  if (slip.kind > OrderKind::audit) refuse("is of no known kind");
  if (slip.status > SlipStatus::insufficient_funds) refuse("has no known status");
  if (slip.amount < 0 || slip.amount > highest_amount) refuse("has an amount that is out of range");
  if (slip.n_postings > std::size(slip.postings)) refuse("has too many postings");
  if (slip.key >= accounts || slip.from >= accounts || slip.to >= accounts)
    refuse("names an account that does not exist");
  for (uint32_t i = 0; i < slip.n_postings; ++i)
    if (slip.postings[i].account >= accounts) refuse("has a posting on an account that does not exist");
  return slip;
}

uint64_t digest_of(const Slip& slip) {
  const std::array<uint64_t, 8> facts = {slip.seq,
                                         static_cast<uint64_t>(slip.kind),
                                         static_cast<uint64_t>(slip.status),
                                         slip.from,
                                         slip.to,
                                         static_cast<uint64_t>(slip.amount),
                                         slip.seal,
                                         slip.books_balanced};
  return common::digest_of(std::as_bytes(std::span(facts)));
}

}  // namespace operators::bank

#include "operators/bank/replay.hpp"

#include <algorithm>
#include <span>

#include "operators/common/wire.hpp"

namespace operators::bank {
namespace {

constexpr size_t described_max = 8;
// An account this far ahead of a missing version will not see it any more: the host gives a request up long before.
constexpr size_t pending_max = 65'536;

std::string name(uint64_t account, uint64_t version) {
  return "account " + std::to_string(account) + " version " + std::to_string(version);
}

}  // namespace

uint32_t Replay::settle(const sage_outcome& row) {
  const auto order = orders_.order(row.seq);
  if (row.outcome != SAGE_OUTCOME_OK || row.result.size == 0) {
    if (row.outcome == SAGE_OUTCOME_OK) ++counts_.without_result;
    lose(order);
    return SAGE_VERDICT_UNCHECKED;
  }
  Slip slip;
  try {
    slip = read_slip(sage::view(row.result), orders_.config().accounts, "settle");
  } catch (const sage::Failure& e) {
    violation("request " + std::to_string(row.seq) + ": " + e.what());
    lose(order);
    return SAGE_VERDICT_WRONG;
  }
  const auto before = violations_;
  if (slip.seq != row.seq)
    violation("request " + std::to_string(row.seq) + " got the result of " + std::to_string(slip.seq));
  if (row.digest != 0 && row.digest != digest_of(slip))
    violation("request " + std::to_string(row.seq) + ": digest and result do not belong together");
  if (violations_ == before && accept(slip, order)) {
    for (uint32_t i = 0; i < slip.n_postings; ++i) {
      const bool refused = slip.status == SlipStatus::insufficient_funds;
      post({slip.postings[i], row.seq, refused ? order.amount : 0});
    }
  } else {
    lose(order);
  }
  return violations_ == before ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
}

// Whether the slip does what the order says; counts it. Versions and balances are another matter: see post.
bool Replay::accept(const Slip& slip, const Order& order) {
  const auto refuse = [&](const std::string& why) {
    violation("request " + std::to_string(slip.seq) + " (" + to_string(order.kind) + "): " + why);
    return false;
  };
  if (slip.kind != order.kind || slip.from != order.from || slip.to != order.to || slip.amount != order.amount)
    return refuse("the result answers another order");
  const bool over_limit = order.kind == OrderKind::transfer && order.amount > orders_.config().transfer_limit;
  if (over_limit != (slip.status == SlipStatus::over_limit)) return refuse("transfer_limit was not applied");
  if (slip.status == SlipStatus::insufficient_funds && order.kind != OrderKind::transfer)
    return refuse("only a transfer can lack funds");
  if (slip.books_balanced != 1) return refuse("a replica's running total is not the sum of its accounts");

  std::vector<Posting> expected;  // account and delta
  if (slip.status == SlipStatus::insufficient_funds) {
    expected = {{order.from, 0, 0, 0}};
  } else if (slip.status == SlipStatus::accepted) {
    if (order.kind == OrderKind::transfer)
      expected = {{order.from, 0, -order.amount, 0}, {order.to, 0, order.amount, 0}};
    else
      expected = {{order.from, 0, order.kind == OrderKind::deposit ? order.amount : 0, 0}};
  }
  const std::span postings(slip.postings, slip.n_postings);
  const auto same = [](const Posting& a, const Posting& b) { return a.account == b.account && a.delta == b.delta; };
  if (!std::equal(expected.begin(), expected.end(), postings.begin(), postings.end(), same))
    return refuse("the postings do not add up to the order");

  if (slip.status == SlipStatus::over_limit) ++counts_.over_limit;
  if (slip.status == SlipStatus::insufficient_funds) ++counts_.insufficient_funds;
  if (slip.status != SlipStatus::accepted) return true;
  ++counts_.applied;
  switch (order.kind) {
    case OrderKind::transfer:
      ++counts_.transfers;
      break;
    case OrderKind::deposit:
      ++counts_.deposits;
      counts_.deposited += order.amount;
      break;
    case OrderKind::balance:
      ++counts_.balances;
      break;
    case OrderKind::audit:
      ++counts_.audits;
      break;
  }
  return true;
}

void Replay::post(const Pending& operation) {
  const auto& p = operation.posting;
  auto& a = account(p.account);
  if (p.version <= a.version || !a.pending.emplace(p.version, operation).second) {
    violation(name(p.account, p.version) + " was given twice (request " + std::to_string(operation.seq) +
              "): an update was lost, or state was reset");
    return;
  }
  advance(a);
  if (a.pending.size() > pending_max) close_gap(a);
}

// Replays what follows without a gap.
void Replay::advance(Account& a) {
  while (!a.pending.empty() && a.pending.begin()->first == a.version + 1) {
    const auto& [posting, seq, refused] = a.pending.begin()->second;
    if (posting.balance != a.balance + posting.delta)
      violation(name(posting.account, posting.version) + " (request " + std::to_string(seq) + "): balance " +
                std::to_string(posting.balance) + ", a serial replay gives " +
                std::to_string(a.balance + posting.delta));
    if (refused > 0 ? a.balance >= refused : posting.delta < 0 && posting.balance < 0)
      violation(name(posting.account, posting.version) + " (request " + std::to_string(seq) + "): a balance of " +
                std::to_string(a.balance) + (refused > 0 ? " was enough" : " was not enough"));
    a.version = posting.version;
    a.balance = posting.balance;  // as reported, so that one wrong balance is told once
    a.pending.erase(a.pending.begin());
  }
}

// The versions before the first pending one are not coming any more: excused by lost operations, or a violation.
void Replay::close_gap(Account& a) {
  const auto& [version, first] = *a.pending.begin();
  const auto missing = version - a.version - 1;
  if (missing <= a.lost) {
    a.lost -= missing;
    counts_.gaps_excused += missing;
  } else {
    violation(name(first.posting.account, a.version + 1) + ": " + std::to_string(missing) +
              " operations up to version " + std::to_string(version - 1) + " belong to no request (" +
              std::to_string(a.lost) + " could be excused): applied twice, or their results were lost");
  }
  a.version = version - 1;
  a.balance = first.posting.balance - first.posting.delta;
  advance(a);
}

void Replay::lose(const Order& order) {
  ++counts_.indeterminate;
  ++account(order.from).lost;
  if (order.kind == OrderKind::deposit) counts_.lost_in += order.amount;
  if (order.kind != OrderKind::transfer) return;
  ++account(order.to).lost;
  counts_.lost_in += order.amount;   // a credit whose debit no later operation on its account shows
  counts_.lost_out += order.amount;  // or a debit without its credit
}

Replay::Account& Replay::account(uint64_t id) {
  const auto [at, added] = accounts_.try_emplace(id);
  if (added) at->second.balance = orders_.config().initial_balance;
  return at->second;
}

void Replay::violation(const std::string& text) {
  if (++violations_ <= described_max) described_.push_back(text);
}

sage::Conclusion Replay::conclude() {
  // In the order of the accounts, so that the report of a run does not depend on a hash table.
  std::vector<uint64_t> ids;
  for (const auto& [id, a] : accounts_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  int64_t change = 0;
  uint64_t state_digest = 0;
  for (const auto id : ids) {
    auto& a = accounts_[id];
    while (!a.pending.empty()) close_gap(a);
    change += a.balance - orders_.config().initial_balance;
    state_digest ^= sage::Draw::mix(sage::Draw::mix(id + 1) ^ static_cast<uint64_t>(a.balance));
  }
  // Money moves, and only deposits create it; an indeterminate request may have done its part or not. An operation
  // whose account was never heard of again shows in neither.
  const auto surplus = change - counts_.deposited;
  if (surplus > counts_.lost_in || surplus < -counts_.lost_out)
    violation("money is not conserved: " + std::to_string(surplus) + " too much");

  const auto& c = counts_;
  const auto initial = static_cast<int64_t>(orders_.config().accounts) * orders_.config().initial_balance;
  sage::Conclusion conclusion;
  const auto heard = c.applied + c.over_limit + c.insufficient_funds;
  conclusion.verdict = violations_ > 0 ? SAGE_VERDICT_WRONG : heard > 0 ? SAGE_VERDICT_PASS : SAGE_VERDICT_UNCHECKED;
  conclusion.report = {
      {"applied", c.applied},
      {"aborted", c.over_limit + c.insufficient_funds},
      {"aborted_over_limit", c.over_limit},
      {"aborted_insufficient_funds", c.insufficient_funds},
      {"transfers", c.transfers},
      {"deposits", c.deposits},
      {"balances", c.balances},
      {"audits", c.audits},
      {"expected_total", initial + c.deposited},
      {"actual_total", initial + change},
      {"accounts_touched", accounts_.size()},
      {"final_state_digest", state_digest},
      {"order_dependent", c.insufficient_funds > 0},
      {"indeterminate", c.indeterminate},
      {"gaps_excused", c.gaps_excused},
      {"without_result", c.without_result},
      {"violations", violations_},
      {"violations_described", described_},
  };
  return conclusion;
}

}  // namespace operators::bank

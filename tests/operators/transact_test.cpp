#include "operators/bank/transact.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "operators/run_operator.hpp"

using namespace operators;

namespace {

const sage::Json quick_bank = {{"accounts", 50}, {"work_us", 0}, {"audit_us", 0}, {"commit_us", 7}};

bank::Slip slip_of(const Ran& ran) { return bank::read_slip(ran.bytes, 50, "test"); }

// The first request of that kind that is within the limit.
uint64_t first_of(bank::OrderKind kind) {
  const bank::Orders orders(bank::BankConfig::from_json(quick_bank));
  for (uint64_t seq = 0;; ++seq) {
    const auto order = orders.order(seq);
    if (order.kind == kind && order.amount <= orders.config().transfer_limit) return seq;
  }
}

}  // namespace

TEST_CASE("orders follow the shares, and never pay an account from itself") {
  const bank::Orders orders(bank::BankConfig::from_json({{"accounts", 2}, {"zipf", 2}}));
  std::array<int, 4> kinds{};
  for (uint64_t seq = 0; seq < 20'000; ++seq) {
    const auto order = orders.order(seq);
    ++kinds[static_cast<size_t>(order.kind)];
    if (order.kind == bank::OrderKind::transfer) CHECK(order.from != order.to);
  }
  CHECK(kinds[0] == doctest::Approx(10'000).epsilon(0.05));
  CHECK(kinds[1] == doctest::Approx(5'000).epsilon(0.05));
  CHECK(kinds[2] == doctest::Approx(4'000).epsilon(0.05));
  CHECK(kinds[3] == doctest::Approx(1'000).epsilon(0.1));
}

TEST_CASE("changing one purpose's draws leaves the others alone") {
  const bank::Orders a(bank::BankConfig::from_json({{"amount_max", 1000}}));
  const bank::Orders b(bank::BankConfig::from_json({{"amount_max", 50}}));
  const bank::Orders c(bank::BankConfig::from_json({{"transfer_share", 0.1}}));
  bool amounts_differ = false;
  for (uint64_t seq = 0; seq < 500; ++seq) {
    const auto of_a = a.order(seq);
    const auto of_b = b.order(seq);
    CHECK(of_a.kind == of_b.kind);
    CHECK(of_a.from == of_b.from);
    CHECK(of_a.to == of_b.to);
    CHECK(of_a.from == c.order(seq).from);
    amounts_differ = amounts_differ || of_a.amount != of_b.amount;
  }
  CHECK(amounts_differ);
}

TEST_CASE("a transfer is routed to the payer, debited, routed to the payee, credited") {
  const auto config = bank::TransactConfig::from_json(quick_bank);
  bank::Route route(config);
  bank::Transact apply(config);
  const auto request = request_of(first_of(bank::OrderKind::transfer));
  const auto routed = run_operator(route, request);
  const auto debited = run_operator(apply, request, routed.bytes);
  const auto credited = run_operator(apply, request, debited.bytes);

  const auto order = slip_of(routed);
  uint64_t key = 0;
  std::memcpy(&key, routed.bytes.data(), sizeof key);  // as a backend reads it
  CHECK(key == order.from);
  std::memcpy(&key, debited.bytes.data(), sizeof key);
  CHECK(key == order.to);
  const auto done = slip_of(credited);
  REQUIRE(done.n_postings == 2);
  CHECK(done.postings[0].account == order.from);
  CHECK(done.postings[0].delta == -order.amount);
  CHECK(done.postings[0].balance == config.bank.initial_balance - order.amount);
  CHECK(done.postings[1].account == order.to);
  CHECK(done.postings[1].balance == config.bank.initial_balance + order.amount);
  CHECK(done.postings[1].version == 1);
  CHECK(debited.out.hold_ns == 7000);
  // a slip that has had all its operations changes nothing any more
  CHECK(run_operator(apply, request, credited.bytes).bytes == credited.bytes);
}

TEST_CASE("reads take a version, move no money and hold nothing") {
  const auto config = bank::TransactConfig::from_json(quick_bank);
  bank::Route route(config);
  bank::Transact apply(config);
  for (const auto kind : {bank::OrderKind::balance, bank::OrderKind::audit}) {
    const auto request = request_of(first_of(kind));
    const auto ran = run_operator(apply, request, run_operator(route, request).bytes);
    const auto slip = slip_of(ran);
    REQUIRE(slip.n_postings == 1);
    CHECK(slip.postings[0].delta == 0);
    CHECK(slip.postings[0].version == 1);
    CHECK(slip.books_balanced == 1);
    CHECK(ran.out.hold_ns == 0);
  }
}

TEST_CASE("an account without funds refuses, and a digest knows of it but not of versions and balances") {
  auto poor = quick_bank;
  poor["initial_balance"] = 0;
  const auto request = request_of(first_of(bank::OrderKind::transfer));
  bank::Route route(bank::TransactConfig::from_json(quick_bank));
  bank::Transact rich_apply(bank::TransactConfig::from_json(quick_bank));
  bank::Transact poor_apply(bank::TransactConfig::from_json(poor));
  const auto routed = run_operator(route, request);
  const auto refused = slip_of(run_operator(poor_apply, request, routed.bytes));
  CHECK(refused.status == bank::SlipStatus::insufficient_funds);
  CHECK(refused.postings[0].delta == 0);

  const auto first = run_operator(rich_apply, request, routed.bytes);
  const auto second = run_operator(rich_apply, request, routed.bytes);  // the next version, a lower balance
  CHECK(slip_of(first).postings[0].balance != slip_of(second).postings[0].balance);
  CHECK(first.out.digest == second.out.digest);
  CHECK(first.out.digest != bank::digest_of(refused));
}

TEST_CASE("books balance as long as accounts change by postings alone") {
  bank::Books books(10, 100);
  CHECK(books.post(3, 50).balance == 150);
  CHECK(books.post(3, -20).version == 2);
  CHECK(books.post(4, -20).version == 1);
  CHECK(books.balanced());
}

TEST_CASE("damaged slips are refused") {
  bank::Transact apply(bank::TransactConfig::from_json(quick_bank));
  const auto request = request_of(1);
  CHECK_THROWS_WITH_AS(run_operator(apply, request), doctest::Contains("transact: the slip has 0 bytes"),
                       sage::Failure);
  const auto damaged = [&](auto damage) {
    bank::Slip slip;
    damage(slip);
    CHECK_THROWS_AS(run_operator(apply, request, std::as_bytes(std::span(&slip, 1))), sage::Failure);
  };
  damaged([](bank::Slip& s) { s.key = 50; });
  damaged([](bank::Slip& s) { s.to = UINT64_MAX; });
  damaged([](bank::Slip& s) { s.kind = static_cast<bank::OrderKind>(4); });
  damaged([](bank::Slip& s) { s.status = static_cast<bank::SlipStatus>(3); });
  damaged([](bank::Slip& s) { s.n_postings = 3; });
  damaged([](bank::Slip& s) { s.amount = INT64_MAX; });
}

TEST_CASE("shares above one and wrong types are refused by name") {
  CHECK_THROWS_WITH_AS(bank::BankConfig::from_json({{"transfer_share", 0.9}}), doctest::Contains("add up to"),
                       sage::Failure);
  CHECK_THROWS_WITH_AS(bank::BankConfig::from_json({{"accounts", 1}}), doctest::Contains("'accounts' is 1"),
                       sage::Failure);
}

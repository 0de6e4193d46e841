#include "workloads/q6/burst_town.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "workloads/drive.hpp"

using operators::bank::Slip;
using workloads::q6::BurstTown;

namespace {

const sage::Json town = {{"accounts", 40}, {"work_us", 0}, {"audit_us", 0}};

// Not movable: its judge refers to its orders.
struct Town {
  BurstTown w;
  explicit Town(const sage::Json& changes = sage::Json::object()) : w(sage::Host(nullptr), "q6", merged(changes)) {}
  static sage::Json merged(const sage::Json& changes) {
    auto options = town;
    options.update(changes);
    return options;
  }
  [[nodiscard]] Outcomes run(uint64_t n, uint32_t replicas = 4) { return executed(w, planned(w, n), replicas); }
  // Settles in a shuffled order; what the row of seq got goes to `verdict`.
  sage::Conclusion judge(Outcomes outcomes, uint64_t seq = 0, uint32_t* verdict = nullptr) {
    shuffle(outcomes.rows, 11);
    const auto verdicts = settled(w, outcomes.rows);
    for (size_t i = 0; i < verdicts.size(); ++i)
      if (verdict != nullptr && outcomes.rows[i].seq == seq) *verdict = verdicts[i];
    return w.conclude();
  }
};

// Lets `change` alter the slip of an outcome; a backend's digest would not know of it.
template <class Change>
void alter(Outcomes& outcomes, size_t row, Change change) {
  Slip slip;
  std::memcpy(&slip, outcomes.results[row].data(), sizeof slip);
  change(slip);
  std::memcpy(outcomes.results[row].data(), &slip, sizeof slip);
}

Slip slip_at(const Outcomes& outcomes, size_t row) {
  Slip slip;
  std::memcpy(&slip, outcomes.results[row].data(), sizeof slip);
  return slip;
}

// An applied request of that kind in the middle of a run.
size_t middle(const Outcomes& outcomes, operators::bank::OrderKind kind) {
  for (size_t row = outcomes.rows.size() / 2;; ++row) {
    const auto slip = slip_at(outcomes, row);
    if (slip.kind == kind && slip.status == operators::bank::SlipStatus::accepted) return row;
  }
}

}  // namespace

TEST_CASE("Q6: classes are the priorities, audits are of the lowest, nothing is idempotent") {
  Town t;
  const auto& d = t.w.describe();
  CHECK(d.stages[1].key_by == SAGE_KEY_INPUT);
  CHECK(d.pipelines[0].steps.size() == 3);
  CHECK(d.pipelines[0].steps[1].stage == d.pipelines[0].steps[2].stage);
  std::array<int, 3> by_class{};
  for (const auto& row : planned(t.w, 4000)) {
    ++by_class[row.class_id];
    CHECK(row.class_id == row.priority);
    CHECK(row.flags == 0);
    if (d.pipelines[row.pipeline].name == "audit") CHECK(row.priority == 2);
  }
  CHECK(by_class[0] == doctest::Approx(4000 * 0.95 * 0.2).epsilon(0.1));
  CHECK(by_class[1] == doctest::Approx(4000 * 0.95 * 0.5).epsilon(0.1));
}

TEST_CASE("Q6: the plan is a function of seed and seq, and the priorities' shares leave the orders alone") {
  Town a, b, c({{"high_share", 0.9}, {"normal_share", 0.1}});
  const auto rows_a = planned(a.w, 200, 1);
  const auto rows_b = planned(b.w, 200, 200);
  const auto rows_c = planned(c.w, 200);
  for (size_t i = 0; i < 200; ++i) {
    CHECK(std::memcmp(&rows_a[i], &rows_b[i], sizeof(sage_request)) == 0);
    CHECK(rows_a[i].pipeline == rows_c[i].pipeline);
    CHECK(rows_a[i].key == rows_c[i].key);
  }
}

TEST_CASE("Q6: digests and final state are the same for 1 and 8 replicas, forwards and backwards") {
  Town t, one, eight, back;
  auto rows = planned(t.w, 1000);
  const auto by_one = executed(one.w, rows, 1);
  const auto by_eight = executed(eight.w, rows, 8);
  std::reverse(rows.begin(), rows.end());
  const auto backwards = executed(back.w, rows, 3);
  CHECK(digests(by_one) == digests(by_eight));
  CHECK(digests(by_one) == digests(backwards));
  const auto expected = one.judge(by_one);
  CHECK(expected.verdict == SAGE_VERDICT_PASS);
  CHECK(eight.judge(by_eight).report == expected.report);
  CHECK(back.judge(backwards).report == expected.report);
}

TEST_CASE("Q6: a clean run passes in any order of settling, and its books are closed") {
  Town t;
  const auto c = t.judge(t.run(2000));
  INFO(c.report.dump());
  CHECK(c.verdict == SAGE_VERDICT_PASS);
  CHECK(c.report["applied"].get<int>() + c.report["aborted"].get<int>() == 2000);
  CHECK(c.report["aborted_over_limit"].get<int>() == doctest::Approx(50).epsilon(0.4));
  CHECK(c.report["actual_total"] == c.report["expected_total"]);
  CHECK(c.report["accounts_touched"] == 40);
  CHECK(c.report["order_dependent"] == false);
  CHECK(c.report["indeterminate"] == 0);
}

TEST_CASE("Q6: a lost update is found") {
  // Two deposits read the same balance; the second overwrites the first: from there on every later version and balance
  // of the account is as if the first had not been.
  Town t;
  auto outcomes = t.run(500);
  const auto lost = middle(outcomes, operators::bank::OrderKind::deposit);
  const auto gone = slip_at(outcomes, lost).postings[0];
  for (size_t row = 0; row < outcomes.rows.size(); ++row)
    alter(outcomes, row, [&](Slip& s) {
      for (auto& p : s.postings)
        if (p.account == gone.account && p.version > gone.version) {
          --p.version;
          p.balance -= gone.delta;
        }
    });
  const auto c = t.judge(std::move(outcomes));
  CHECK(c.verdict == SAGE_VERDICT_WRONG);
  CHECK(c.report["violations_described"].dump().find("given twice") != std::string::npos);
}

TEST_CASE("Q6: a transaction applied twice is found") {
  Town t;
  const auto rows = planned(t.w, 500);
  operators::common::SerialBackend backend(t.w, 4);
  Outcomes outcomes;
  const auto pipeline = static_cast<uint16_t>(operators::bank::OrderKind::deposit);
  bool repeated = false;
  for (const auto& row : rows) {
    if (!repeated && row.seq > 200 && row.pipeline == pipeline) {
      backend.run(row);  // the first attempt, whose answer was lost with its worker
      repeated = true;
    }
    outcomes.add(row, backend.run(row));
  }
  REQUIRE(repeated);
  const auto c = t.judge(std::move(outcomes));
  CHECK(c.verdict == SAGE_VERDICT_WRONG);
  CHECK(c.report["violations_described"].dump().find("applied twice") != std::string::npos);
}

TEST_CASE("Q6: a wrong balance is found") {
  Town t;
  auto outcomes = t.run(500);
  alter(outcomes, middle(outcomes, operators::bank::OrderKind::transfer), [](Slip& s) { s.postings[1].balance += 1; });
  const auto c = t.judge(std::move(outcomes));
  CHECK(c.verdict == SAGE_VERDICT_WRONG);
  CHECK(c.report["violations_described"].dump().find("serial replay gives") != std::string::npos);
}

TEST_CASE("Q6: created money is found") {
  // Consistently: the deposit pays 100 too much, and every later balance of the account knows it.
  Town t;
  auto outcomes = t.run(500);
  const auto row = middle(outcomes, operators::bank::OrderKind::deposit);
  const auto account = slip_at(outcomes, row).postings[0].account;
  const auto version = slip_at(outcomes, row).postings[0].version;
  for (size_t i = 0; i < outcomes.rows.size(); ++i)
    alter(outcomes, i, [&](Slip& s) {
      for (auto& p : s.postings)
        if (p.account == account && p.version >= version) p.balance += 100;
    });
  alter(outcomes, row, [](Slip& s) { s.postings[0].delta += 100; });
  uint32_t verdict = SAGE_VERDICT_PASS;
  const auto c = t.judge(std::move(outcomes), row, &verdict);
  CHECK(verdict == SAGE_VERDICT_WRONG);
  CHECK(c.verdict == SAGE_VERDICT_WRONG);
}

TEST_CASE("Q6: a half transfer, a stale read, cooked books and a swapped result are found") {
  Town t;
  auto outcomes = t.run(500);
  const auto change = [&](operators::bank::OrderKind kind, auto how) { alter(outcomes, middle(outcomes, kind), how); };
  SUBCASE("half a transfer") {
    change(operators::bank::OrderKind::transfer, [](Slip& s) { s.n_postings = 1; });
  }
  SUBCASE("a stale read") {
    change(operators::bank::OrderKind::balance, [](Slip& s) { s.postings[0].balance -= 1; });
  }
  SUBCASE("a read that took its version from the past") {
    change(operators::bank::OrderKind::balance, [](Slip& s) { s.postings[0].version = 1; });
  }
  SUBCASE("cooked books") {
    change(operators::bank::OrderKind::audit, [](Slip& s) { s.books_balanced = 0; });
  }
  SUBCASE("the results of two requests swapped") { std::swap(outcomes.rows[10].seq, outcomes.rows[11].seq); }
  SUBCASE("a result cut short") { outcomes.rows[10].result.size -= 1; }
  SUBCASE("a digest that is not the result's") { outcomes.rows[10].digest ^= 1; }
  CHECK(t.judge(std::move(outcomes)).verdict == SAGE_VERDICT_WRONG);
}

TEST_CASE("Q6: what a failed request may have done is excused and counted, no more") {
  Town t;
  auto outcomes = t.run(1000);
  size_t lost = 0;
  for (size_t row = 100; row < 900; row += 100, ++lost) {
    outcomes.rows[row].outcome = SAGE_OUTCOME_TIMEOUT;
    outcomes.rows[row].result = {};
  }
  SUBCASE("applied, without our hearing of it") {
    const auto c = t.judge(std::move(outcomes));
    INFO(c.report.dump());
    CHECK(c.verdict == SAGE_VERDICT_PASS);
    CHECK(c.report["indeterminate"] == lost);
    CHECK(c.report["gaps_excused"].get<size_t>() > 0);
  }
  SUBCASE("but another operation is missing as well") {
    const auto row = middle(outcomes, operators::bank::OrderKind::deposit);
    const auto account = slip_at(outcomes, row).postings[0].account;
    for (size_t i = 0; i < outcomes.rows.size(); ++i)
      alter(outcomes, i, [&](Slip& s) {
        for (auto& p : s.postings)
          if (p.account == account && p.version > 3) p.version += 10;
      });
    CHECK(t.judge(std::move(outcomes)).verdict == SAGE_VERDICT_WRONG);
  }
}

TEST_CASE("Q6: failed requests that were never applied are no violation either") {
  Town t;
  auto rows = planned(t.w, 1000);
  operators::common::SerialBackend backend(t.w, 4);
  Outcomes outcomes;
  for (const auto& row : rows) {
    if (row.seq % 50 == 0)
      outcomes.add(row, {}).outcome = SAGE_OUTCOME_REJECTED;
    else
      outcomes.add(row, backend.run(row));
  }
  const auto c = t.judge(std::move(outcomes));
  CHECK(c.verdict == SAGE_VERDICT_PASS);
  CHECK(c.report["indeterminate"] == 20);
  CHECK(c.report["gaps_excused"] == 0);
  CHECK(c.report["actual_total"].get<int64_t>() <= c.report["expected_total"].get<int64_t>());
}

TEST_CASE("Q6: money can run out, which is checked and reported as depending on the order") {
  Town t(sage::Json{{"initial_balance", 1500}});
  auto outcomes = t.run(1000);
  SUBCASE("rightly") {
    const auto c = t.judge(std::move(outcomes));
    INFO(c.report.dump());
    CHECK(c.verdict == SAGE_VERDICT_PASS);
    CHECK(c.report["aborted_insufficient_funds"].get<int>() > 0);
    CHECK(c.report["order_dependent"] == true);
    CHECK(c.report["actual_total"] == c.report["expected_total"]);
  }
  SUBCASE("and a refusal in spite of funds is found") {
    // The last operation on a rich account, as if it had been refused.
    std::map<uint64_t, uint64_t> last;
    for (size_t row = 0; row < outcomes.rows.size(); ++row) {
      const auto slip = slip_at(outcomes, row);
      for (uint32_t i = 0; i < slip.n_postings; ++i) last[slip.postings[i].account] = slip.postings[i].version;
    }
    bool altered = false;
    for (size_t row = 0; row < outcomes.rows.size() && !altered; ++row) {
      const auto slip = slip_at(outcomes, row);
      if (slip.kind != operators::bank::OrderKind::transfer || slip.n_postings != 2) continue;
      if (slip.postings[0].version != last[slip.from] || slip.postings[1].version != last[slip.to]) continue;
      alter(outcomes, row, [](Slip& s) {
        s.status = operators::bank::SlipStatus::insufficient_funds;
        s.n_postings = 1;
        s.postings[0].balance += s.amount;
        s.postings[0].delta = 0;
      });
      outcomes.rows[row].digest = 0;
      altered = true;
    }
    REQUIRE(altered);
    CHECK(t.judge(std::move(outcomes)).verdict == SAGE_VERDICT_WRONG);
  }
}

TEST_CASE("Q6: nothing heard is no pass") {
  Town t;
  CHECK(t.w.conclude().verdict == SAGE_VERDICT_UNCHECKED);
}

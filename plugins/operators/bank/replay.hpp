// Judges what a bank of keyed state answered, without having seen it execute: every account's postings are put back
// into the order of their versions and replayed by one serial bank.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators/bank/orders.hpp"

namespace operators::bank {

// What it demands of an account's history: versions 1, 2, 3 ... without a gap or a repetition, each balance the one
// before plus the order's own amount, and a refusal for lack of funds only where funds lacked. A lost update, an
// operation applied twice, a stale read and invented money each break one of these. A request that did not end ok may
// have been applied in part: it excuses a missing version of its accounts, and is counted as indeterminate.
//
// Memory: 100 bytes an account touched, and the postings that wait for an earlier version, whose request is still
// outstanding. Called by the settling thread alone.
class Replay {
 public:
  explicit Replay(const Orders& orders) : orders_(orders) {}
  // A verdict on what can be said at once. What only a later row reveals is told by conclude.
  uint32_t settle(const sage_outcome& row);
  sage::Conclusion conclude();

 private:
  struct Pending {
    Posting posting;
    uint64_t seq;
    int64_t refused;  // amount that the account could not pay; 0 = it was not asked to
  };
  struct Account {
    uint64_t version = 0;  // replayed so far
    int64_t balance = 0;   // as the bank reported it at that version
    uint64_t lost = 0;     // operations that may have been applied without our hearing of it
    std::map<uint64_t, Pending> pending;
  };

  bool accept(const Slip& slip, const Order& order);
  void post(const Pending& operation);
  void advance(Account& account);
  void close_gap(Account& account);
  void lose(const Order& order);
  Account& account(uint64_t id);
  void violation(const std::string& text);

  const Orders& orders_;
  std::unordered_map<uint64_t, Account> accounts_;
  struct Counts {
    uint64_t applied = 0, transfers = 0, deposits = 0, balances = 0, audits = 0;
    uint64_t over_limit = 0, insufficient_funds = 0;
    uint64_t indeterminate = 0, gaps_excused = 0, without_result = 0;
    int64_t deposited = 0;
    int64_t lost_in = 0, lost_out = 0;  // money that indeterminate requests may have brought in, or taken out
  } counts_;
  uint64_t violations_ = 0;
  std::vector<std::string> described_;  // the first few
};

}  // namespace operators::bank

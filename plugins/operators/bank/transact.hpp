// The two operators of keyed account state: `route` validates a request and names its account, `transact` applies it.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <memory>
#include <vector>

#include "operators/bank/orders.hpp"

namespace operators::bank {

struct TransactConfig {
  BankConfig bank;
  double work_us = 200;    // CPU an operation (nominal): hashing the record
  double audit_us = 2000;  // CPU of an audit, beside reading every account
  double commit_us = 0;    // a write holds the replica this long: its log becoming durable, no CPU
  static TransactConfig from_json(const sage::Json& config);
};

// Stateless. Input: nothing but the request. Output: its slip, keyed by its first account.
class Route final : public sage::Operator {
 public:
  explicit Route(const TransactConfig& config) : orders_(config.bank) {}
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  Orders orders_;
  Slip slip_;
};

// The accounts that one replica was sent, and a running total to check them against. Every account exists in every
// replica with its initial balance; a keyed stage touches each in one replica only.
class Books {
 public:
  Books(uint64_t accounts, int64_t initial_balance);
  // Applies `delta` as the account's next operation.
  Posting post(uint64_t account, int64_t delta);
  [[nodiscard]] int64_t balance(uint64_t account) const { return accounts_[account].balance; }
  // Whether the running total is what the accounts add up to.
  [[nodiscard]] bool balanced() const;

 private:
  struct Account {
    int64_t balance;
    uint64_t version;
  };
  std::vector<Account> accounts_;
  int64_t initial_balance_;
  int64_t total_delta_ = 0;
};

// Stateful, one step an operation: a transfer passes twice, debit first. Input and output: a slip.
class Transact final : public sage::Operator {
 public:
  explicit Transact(const TransactConfig& config);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  void apply();
  TransactConfig config_;
  Books books_;
  Slip slip_;
};

// "route" or "transact"; null for any other name.
std::unique_ptr<sage::Operator> open_bank_operator(std::string_view name, const sage::Json& config);

}  // namespace operators::bank

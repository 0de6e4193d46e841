// The transactions of a small bank: what each request asks for, drawn from (seed, seq), and the slip it travels as.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "operators/common/zipf.hpp"

namespace operators::bank {

struct BankConfig {
  uint64_t seed = 42;
  uint64_t accounts = 10'000;
  double zipf = 0.8;  // exponent of account popularity; account 0 is the most popular
  int64_t initial_balance = 1'000'000'000;
  int64_t amount_max = 1000;     // amounts are uniform in 1 .. amount_max
  int64_t transfer_limit = 950;  // a transfer above it is refused, whatever the balance
  double transfer_share = 0.5;   // of requests; what transfers, deposits and balances leave are audits
  double deposit_share = 0.25;
  double balance_share = 0.2;
  static BankConfig from_json(const sage::Json& config);
};

enum class OrderKind : uint32_t { transfer, deposit, balance, audit };
const char* to_string(OrderKind kind);

struct Order {
  OrderKind kind = OrderKind::balance;
  uint64_t from = 0;   // the account; of a transfer, the one that pays
  uint64_t to = 0;     // the one that is paid; the same as `from` unless a transfer
  int64_t amount = 0;  // of transfers and deposits
  bool operator==(const Order&) const = default;
};

// Draws orders; each property has a purpose of its own, so changing one's options leaves the others alone. [any]
class Orders {
 public:
  explicit Orders(const BankConfig& config);
  [[nodiscard]] Order order(uint64_t seq) const;
  [[nodiscard]] const BankConfig& config() const { return config_; }

 private:
  BankConfig config_;
  common::Zipf popularity_;
  sage::Draw kinds_, froms_, tos_, amounts_;
};

// One operation on one account. The version counts the operations on the account from 1, reads included: the postings
// of an account form a history without gaps, and any history that a serial bank could not have produced shows.
struct Posting {
  uint64_t account = 0;
  uint64_t version = 0;
  int64_t delta = 0;
  int64_t balance = 0;  // after it
};

enum class SlipStatus : uint32_t { accepted, over_limit, insufficient_funds };

// What flows from step to step, packed: 128 bytes, little endian. The key comes first because the stage that applies
// slips is keyed by the first 8 bytes of its input.
struct Slip {
  uint64_t key = 0;  // the account of the next operation
  uint64_t seq = 0;
  OrderKind kind = OrderKind::balance;
  SlipStatus status = SlipStatus::accepted;
  uint64_t from = 0;
  uint64_t to = 0;
  int64_t amount = 0;
  uint64_t seal = 0;  // integrity hash over the order; chained through the steps
  uint32_t n_postings = 0;
  uint32_t books_balanced = 1;  // an audit: the replica's running total agreed with its accounts
  Posting postings[2];
};
static_assert(sizeof(Posting) == 32 && sizeof(Slip) == 128 && std::is_trivially_copyable_v<Slip>);

// Checks length, kind, status, count and accounts; throws sage::Failure naming `stage`.
Slip read_slip(std::span<const std::byte> bytes, uint64_t accounts, std::string_view stage);

// Of what does not depend on the order of execution or the partitioning: neither versions, balances nor books' sums.
uint64_t digest_of(const Slip& slip);

}  // namespace operators::bank

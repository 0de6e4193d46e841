#include <doctest/doctest.h>

#include "records/rows.hpp"

TEST_CASE("a ledger balances when every request offered ended exactly once") {
  host::records::LedgerCounts ledger;
  CHECK(ledger.balanced());
  ledger.offered = 10;
  ledger.outcomes = {7, 1, 1, 0, 0, 1};
  CHECK(ledger.balanced());
  ledger.outcomes[0] = 6;
  CHECK_FALSE(ledger.balanced());  // one vanished
  ledger.outcomes[0] = 7;
  ledger.duplicate = 1;
  CHECK_FALSE(ledger.balanced());
  ledger.duplicate = 0;
  ledger.unexpected = 1;
  CHECK_FALSE(ledger.balanced());
}

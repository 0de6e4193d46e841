#include "engine/slots.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "engine/row_ring.hpp"

using namespace host;
using namespace host::engine;
using Claim = SlotTable::Claim;

namespace {
uint64_t issue(SlotTable& table, int64_t due_ns = 0) {
  uint64_t id = 0;
  auto* slot = table.allocate(id);
  REQUIRE(slot != nullptr);
  slot->due_ns = due_ns;
  SlotTable::publish(*slot, id);
  return id;
}
Claim complete(SlotTable& table, uint64_t id) {
  Slot* slot = nullptr;
  const auto claim = table.claim(id, slot);
  if (claim == Claim::claimed) SlotTable::release(*slot);
  return claim;
}
}  // namespace

TEST_CASE("an id is completed exactly once") {
  SlotTable table(16);
  const auto id = issue(table);
  CHECK(complete(table, id) == Claim::claimed);
  CHECK(complete(table, id) == Claim::duplicate);
  issue(table);
  CHECK(complete(table, id) == Claim::duplicate);
}

TEST_CASE("ids that were never issued are unexpected") {
  SlotTable table(16);
  const auto id = issue(table);
  CHECK(complete(table, 0) == Claim::unexpected);
  CHECK(complete(table, id + (uint64_t{1} << 24)) == Claim::unexpected);  // a generation ahead
  CHECK(complete(table, UINT64_MAX) == Claim::unexpected);
  CHECK(complete(table, id + 5) == Claim::unexpected);  // a slot that was never used
  CHECK(complete(table, id) == Claim::claimed);
}

TEST_CASE("a full table refuses, and a slow request does not block the slots around it") {
  SlotTable table(2048);
  const auto slow = issue(table);
  for (int i = 0; i < 100'000; ++i) CHECK(complete(table, issue(table)) == Claim::claimed);
  std::vector<uint64_t> all = {slow};
  for (int i = 1; i < 2048; ++i) all.push_back(issue(table));
  uint64_t id = 0;
  CHECK(table.allocate(id) == nullptr);
  CHECK(std::set<uint64_t>(all.begin(), all.end()).size() == 2048);
  for (const auto one : all) CHECK(complete(table, one) == Claim::claimed);
  CHECK(table.allocate(id) != nullptr);
}

TEST_CASE("an expired request's outcome is late, not a duplicate") {
  SlotTable table(16);
  const auto old = issue(table, 100);
  const auto young = issue(table, 200);
  int expired = 0;
  table.expire(150, [&](Slot&, uint64_t id) {
    CHECK(id == old);
    ++expired;
  });
  CHECK(expired == 1);
  CHECK(complete(table, old) == Claim::late);
  CHECK(complete(table, old) == Claim::duplicate);  // only its first outcome is excused
  CHECK(complete(table, young) == Claim::claimed);
}

TEST_CASE("rows, their first chunks and their results come out of the ring as they went in, across its end") {
  RowRing ring;
  uint64_t sent = 0, received = 0, refused = 0;
  const std::vector<std::byte> result(777, std::byte{'x'});
  const auto size_of = [](uint64_t seq) { return seq % 3 == 0 ? 0 : seq % 778; };
  const auto first_of = [](uint64_t seq) { return seq % 4 == 0 ? static_cast<int64_t>(seq) : -1; };
  while (received < 20'000) {
    for (int i = 0; i < 6000; ++i) {
      auto* row = ring.add(first_of(sent), std::span(result).first(size_of(sent)));
      if (row == nullptr) {
        ++refused;
        continue;
      }
      row->seq = sent;
      ++sent;
    }
    ring.commit();
    ring.peek(2500, [&](const DoneRow& row, int64_t first_ns, std::span<const std::byte> bytes) {
      CHECK(row.seq == received);
      CHECK(first_ns == first_of(received));
      CHECK(bytes.size() == size_of(received));
      CHECK(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{'x'}; }));
      ++received;
    });
    ring.consumed();
  }
  CHECK(refused > 0);
}

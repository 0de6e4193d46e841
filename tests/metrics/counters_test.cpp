#include "metrics/counters.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

TEST_CASE("cells add up along any axis") {
  host::metrics::CounterTable table({"p0", "p1"}, {"c0", "c1", "c2"}, {"t0", "t1"});
  uint64_t bit = 1;  // every cell its own power of two: a sum tells which cells are in it
  for (size_t p = 0; p < 2; ++p)
    for (size_t c = 0; c < 3; ++c)
      for (size_t t = 0; t < 2; ++t, bit *= 2) table.at(p, c, t).offered = bit;
  constexpr auto any = host::metrics::CounterTable::any;
  CHECK(table.sum().offered == 0b111111'111111);
  CHECK(table.sum(1).offered == 0b111111'000000);
  CHECK(table.sum(any, 1).offered == 0b001100'001100);
  CHECK(table.sum(any, any, 0).offered == 0b010101'010101);
  CHECK(table.sum(1, 2, 1).offered == 0b100000'000000);
}

TEST_CASE("merging adds every count and every histogram") {
  host::metrics::Counters a;
  host::metrics::Counters b;
  b.offered = 1;
  b.outcomes = {1, 2, 3, 4, 5, 6};
  b.wrong = 2;
  b.slo_met = 3;
  b.ok_in_window = 4;
  b.slo_in_window = 5;
  b.units_out = 6;
  for (auto* histogram : {&b.response, &b.service, &b.dispatch, &b.ttft, &b.ttft_service, &b.tpot, &b.itl})
    histogram->record(7);
  a.merge(b);
  a.merge(b);
  CHECK(a.offered == 2);
  CHECK(a.outcomes == std::array<uint64_t, 6>{2, 4, 6, 8, 10, 12});
  CHECK(a.wrong == 4);
  CHECK(a.slo_met == 6);
  CHECK(a.ok_in_window == 8);
  CHECK(a.slo_in_window == 10);
  CHECK(a.units_out == 12);
  for (auto* histogram : {&a.response, &a.service, &a.dispatch, &a.ttft, &a.ttft_service, &a.tpot, &a.itl})
    CHECK(histogram->count() == 2);
}

TEST_CASE("a cell that does not exist is refused") {
  host::metrics::CounterTable table({"p"}, {"c"}, {"t"});
  CHECK_THROWS_AS((void)table.at(0, 1, 0), std::out_of_range);
}

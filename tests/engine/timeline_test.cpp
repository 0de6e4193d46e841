#include "engine/timeline.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace host;
using namespace host::engine;

namespace {

constexpr uint64_t warmup = 20;

// Offers `n` measured requests, each ending as soon as it is offered; the seqs that the sample holds.
std::vector<uint64_t> sampled(TimelineSample& sample, uint64_t n) {
  for (uint64_t index = 0; index < n; ++index) {
    records::RequestRow row;
    row.seq = warmup + index;
    if (const auto place = sample.choose(index, row.seq)) sample.end(place, row);
  }
  std::vector<uint64_t> out;
  for (const auto& request : sample.finished(0)) out.push_back(request.row.seq);
  return out;
}

void check_even(const std::vector<uint64_t>& seqs, uint64_t stride) {
  for (size_t i = 0; i < seqs.size(); ++i) CHECK(seqs[i] == warmup + i * stride);
}

}  // namespace

TEST_CASE("a run of known length is sampled evenly from its first to its last requests") {
  for (const auto n : {1, 99, 100, 101, 1000, 1001, 123'457}) {
    TimelineSample sample(static_cast<uint64_t>(n));
    const auto seqs = sampled(sample, static_cast<uint64_t>(n));
    const auto stride = (static_cast<uint64_t>(n) + 99) / 100;
    CAPTURE(n);
    CHECK(seqs.size() == (static_cast<uint64_t>(n) + stride - 1) / stride);
    CHECK(seqs.size() <= TimelineSample::max);
    check_even(seqs, stride);
  }
}

TEST_CASE("a run of unknown length keeps an even sample whenever it ends, of at least half the places") {
  for (const auto n : {1, 100, 101, 200, 201, 6'400, 99'999}) {
    TimelineSample sample(0);
    const auto seqs = sampled(sample, static_cast<uint64_t>(n));
    CAPTURE(n);
    REQUIRE(!seqs.empty());
    CHECK(seqs.size() <= TimelineSample::max);
    if (n >= 100) CHECK(seqs.size() > TimelineSample::max / 2);
    const auto stride = seqs.size() < 2 ? 1 : seqs[1] - seqs[0];
    check_even(seqs, stride);
    CHECK(seqs.back() + stride >= warmup + static_cast<uint64_t>(n));
  }
}

TEST_CASE("a request whose place was given up meanwhile does not end up in another's") {
  TimelineSample sample(0);
  uint8_t second = 0;  // place of index 1, which a stride of 2 gives up
  for (uint64_t index = 0; index <= 100; ++index) {
    const auto place = sample.choose(index, index);
    REQUIRE(place != 0);
    if (index == 1) second = place;
    if (index == 100) CHECK(place == second);
  }
  records::RequestRow late;
  late.seq = 1;
  late.done_ns = 7;
  sample.step(second, late.seq, {});
  sample.end(second, late);
  CHECK(sample.finished(0).empty());
  late.seq = 100;
  sample.end(second, late);
  REQUIRE(sample.finished(0).size() == 1);
  CHECK(sample.finished(0)[0].n_steps == 0);
}

TEST_CASE("steps are in order of their begin, from the start of the schedule, the first 32 of them") {
  TimelineSample sample(1);
  const auto place = sample.choose(0, warmup);
  REQUIRE(place != 0);
  for (int64_t i = 40; i > 0; --i)
    sample.step(place, warmup,
                {.id = 9, .begin_ns = 1000 + i, .end_ns = 1100 + i, .stage = 3, .step = 0, .node = 2, .reserved = 0});
  CHECK(sample.finished(1000).empty());  // it has not ended
  records::RequestRow row;
  row.seq = warmup;
  sample.end(place, row);
  const auto all = sample.finished(1000);
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].n_steps == 32);
  CHECK(all[0].steps[0].begin_ns == 9);
  CHECK(all[0].steps[31].begin_ns == 40);
  CHECK(all[0].steps[31].end_ns == 140);
  CHECK(all[0].steps[0].stage == 3);
  CHECK(all[0].steps[0].node == 2);
}

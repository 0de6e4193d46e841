#include "operators/rag/batch.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "operators/run_operator.hpp"

using namespace operators;

namespace {

constexpr int64_t ms = 1'000'000;

// A batcher as it would run: an item arrives, a timer fires, a batch is full.
std::vector<std::vector<size_t>> simulated(std::span<const int64_t> at_ns, size_t size, int64_t timeout_ns) {
  std::vector<std::vector<size_t>> batches;
  std::vector<size_t> open;
  for (size_t i = 0; i < at_ns.size(); ++i) {
    if (!open.empty() && at_ns[i] > at_ns[open[0]] + timeout_ns) batches.push_back(std::exchange(open, {}));
    open.push_back(i);
    if (open.size() == size) batches.push_back(std::exchange(open, {}));
  }
  if (!open.empty()) batches.push_back(open);
  return batches;
}

}  // namespace

TEST_CASE("batches end by size or timeout as those of a running batcher do") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<int64_t> at_ns;
    int64_t now = 0;
    for (uint64_t i = 0; i < 100; ++i)
      at_ns.push_back(now += std::llround(sage::Draw(seed, "gap").exponential(i) * 1e8));
    size_t begin = 0, b = 0;
    const auto expected = simulated(at_ns, 4, 250 * ms);
    bool by_size = false, by_timeout = false;
    for (const auto end : rag::batch_ends(at_ns, 4, 250 * ms)) {
      REQUIRE(b < expected.size());
      CHECK(expected[b].front() == begin);
      CHECK(expected[b].back() + 1 == end);
      (end - begin == 4 ? by_size : by_timeout) = true;
      begin = end;
      ++b;
    }
    CHECK(b == expected.size());
    CHECK(by_size);
    CHECK(by_timeout);
  }
  CHECK(rag::batch_ends({}, 4, 0).empty());
}

TEST_CASE("members agree about their batch at both levels, and a batch is made of whole micro-batches") {
  rag::BatchConfig micro = rag::BatchConfig::from_json({{"event_rate", 10}});
  rag::BatchConfig macro = micro;
  macro.level = 2;
  const common::Streams streams(micro.streams);
  size_t largest = 0;
  for (const auto& config : {micro, macro}) {
    uint32_t expected = 0;  // position of the next query in its batch
    common::Batch current;
    for (uint64_t seq = 0; seq < 4 * rag::batch_block; ++seq) {
      if (!streams.is_query(seq)) continue;
      const auto batch = rag::batch_of(streams, config, seq);
      if (expected == current.members) {
        CHECK(batch.first_seq == seq);
        current = batch;
        expected = 0;
      }
      CHECK(batch.first_seq == current.first_seq);
      CHECK(batch.members == current.members);
      CHECK(batch.longest == current.longest);
      CHECK(batch.longest >= streams.words(seq));
      CHECK(batch.position == expected++);
      CHECK(batch.first_seq / rag::batch_block == seq / rag::batch_block);
      largest = std::max<size_t>(largest, batch.members);
      if (config.level == 1) {
        CHECK(batch.members <= micro.size);
        CHECK(streams.at_ns(seq) - streams.at_ns(batch.first_seq) <= 400 * ms);
      } else {
        const auto inner = rag::batch_of(streams, micro, seq);
        CHECK(inner.first_seq >= batch.first_seq);
        CHECK(inner.position <= batch.position);
        CHECK(batch.position - inner.position + inner.members <= batch.members);
        CHECK(batch.members <= micro.size * micro.groups);
      }
    }
    CHECK(expected == current.members);
  }
  CHECK(largest > micro.size);
}

TEST_CASE("batch hands on what generate needs, and the batch") {
  rag::BatchConfig config;
  const common::Streams streams(config.streams);
  common::MessageWriter message;
  const common::Sizes sizes{10, 20};
  message.put_array(common::Section::sizes, std::span(&sizes, 1));
  message.put_text(common::Section::query, "a question");
  message.put_text(common::Section::context, "a context");
  rag::Batcher op(config);
  const auto ran = run_operator(op, request_of(77), message.bytes());
  const common::MessageReader reader(ran.bytes, "test");
  CHECK(reader.text(common::Section::query) == "a question");
  CHECK(reader.text(common::Section::context) == "a context");
  CHECK(reader.sizes().units_out == 20);
  CHECK(reader.batch().first_seq == rag::batch_of(streams, config, 77).first_seq);
  CHECK(reader.batch().level == 1);
}

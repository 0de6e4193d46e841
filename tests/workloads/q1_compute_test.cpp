#include "workloads/q1/compute.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "operators/common/text.hpp"
#include "workloads/drive.hpp"
#include "workloads/q1/byte_pairs.hpp"
#include "workloads/q1/pipeline_chain.hpp"

using workloads::q1::BytePairs;
using workloads::q1::MinHash;
using workloads::q1::PipelineChain;
using Tokens = std::vector<uint32_t>;

namespace {

Tokens encoded(const BytePairs& pairs, std::string_view word) {
  Tokens out;
  pairs.encode(word, out);
  return out;
}

PipelineChain q1(sage::Json options) {
  options.emplace("documents", 100);
  return {sage::Host(nullptr), "q1", options};
}

}  // namespace

TEST_CASE("byte pairs: the most frequent pair is merged first, a later merge builds on it") {
  const BytePairs pairs("abab abab abab abc", 2);  // ab seven times, then abab three times
  CHECK(pairs.merges() == 2);
  CHECK(encoded(pairs, "ab") == Tokens{256});
  CHECK(encoded(pairs, "abab") == Tokens{257});
  CHECK(encoded(pairs, "ababc") == Tokens{257, 'c'});
  CHECK(encoded(pairs, "ba") == Tokens{'b', 'a'});
  CHECK(encoded(pairs, "").empty());
}

TEST_CASE("byte pairs: what occurs once is not learnt, and of equals the smallest is first") {
  CHECK(BytePairs("xy", 10).merges() == 0);
  const BytePairs pairs("yz yz ab ab", 1);
  CHECK(encoded(pairs, "ab") == Tokens{256});
  CHECK(encoded(pairs, "yz") == Tokens{'y', 'z'});
}

TEST_CASE("byte pairs: tokens spell the word again") {
  const operators::common::Language language({});
  const auto text = language.compose(sage::Draw(1, "sample"), 0, 300);
  const BytePairs pairs(text, 64);
  CHECK(pairs.merges() == 64);
  size_t letters = 0, tokens = 0;
  for (const auto word : operators::common::split_words(text)) {
    letters += word.size();
    tokens += encoded(pairs, word).size();
  }
  CHECK(tokens < letters * 3 / 4);
}

TEST_CASE("MinHash: the share of equal bytes is that of common runs") {
  Tokens a(400), b;
  for (uint32_t i = 0; i < 400; ++i) a[i] = i;
  b = a;
  std::iota(b.begin() + 300, b.end(), 5000U);  // the last quarter is another text
  MinHash hash(42, 4096);
  const auto first = hash.signature(a);
  const std::vector<uint8_t> of_a(first.begin(), first.end());
  const auto again = hash.signature(a);
  CHECK(std::ranges::equal(again, of_a));
  const auto of_b = hash.signature(b);
  size_t equal = 0;
  for (size_t i = 0; i < of_a.size(); ++i) equal += of_a[i] == of_b[i] ? 1 : 0;
  // Of 1990 runs in each text 1490 are common: Jaccard's index is 1490 / 2490 = 0.598, and a byte is equal by chance in
  // one of 256 of the others.
  const double jaccard = (static_cast<double>(equal) / 4096 - 1.0 / 256) / (1 - 1.0 / 256);
  CHECK(jaccard == doctest::Approx(0.598).epsilon(0.05));
}

TEST_CASE("MinHash: another order of tokens is another text, another seed another signature") {
  MinHash hash(42, 256), other(43, 256);
  const auto a = hash.signature(Tokens{1, 2, 3, 4});
  const std::vector<uint8_t> of_a(a.begin(), a.end());
  CHECK_FALSE(std::ranges::equal(hash.signature(Tokens{4, 3, 2, 1}), of_a));
  CHECK_FALSE(std::ranges::equal(other.signature(Tokens{1, 2, 3, 4}), of_a));
}

TEST_CASE("Q1 compute: one class of tasks that occupy the CPU and hold nothing") {
  auto w = q1({{"variant", "compute"}, {"task_hashes", 100}, {"llm_ratio", 0.0}});
  REQUIRE(w.describe().classes.size() == 1);
  CHECK(w.describe().classes[0].name == "task");
  CHECK(w.describe().classes[0].slo_response_ns == 250'000'000);
  CHECK(w.describe().stages[1].name == "features");
  operators::common::SerialBackend backend(w, 1);
  for (const auto& row : planned(w, 10)) {
    CHECK(row.pipeline == 0);
    CHECK(row.units_out == 0);
    const auto result = backend.run(row);
    CHECK(result.hold_ns == 0);
    CHECK(operators::common::MessageReader(result.bytes, "test").get(operators::common::Section::features).size() ==
          100);
  }
}

TEST_CASE("Q1 compute: the model's cost of a task is in proportion to its hashes") {
  const auto cost = [](int hashes) {
    auto w = q1({{"variant", "compute"}, {"task_hashes", hashes}});
    return w.describe().stages[1].cost_per_unit_in_ns;
  };
  CHECK(cost(8192) == doctest::Approx(2 * cost(4096)));
  CHECK(cost(4096) > 0);
}

TEST_CASE("Q1 mixed: chat as in basic, the others are tasks") {
  auto mixed = q1({{"variant", "mixed"}, {"llm_ratio", 0.5}});
  auto basic = q1({{"variant", "basic"}, {"llm_ratio", 0.5}});
  CHECK(mixed.describe().classes[1].name == "task");
  const auto rows = planned(mixed, 400);
  const auto chats = planned(basic, 400);
  int tasks = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].class_id == chats[i].class_id);
    CHECK(rows[i].units_out == chats[i].units_out);
    tasks += rows[i].class_id == 1 ? 1 : 0;
  }
  CHECK(tasks == doctest::Approx(200).epsilon(0.15));
}

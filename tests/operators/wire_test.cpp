#include "operators/common/wire.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace operators;

namespace {

std::vector<std::byte> sample_message() {
  const std::vector<float> vector = {0.5F, -0.5F, 0.25F};
  const std::vector<common::Hit> hits = {{7, 0.9F}, {3, 0.8F}};
  common::MessageWriter writer;
  writer.put_text(common::Section::query, "abc");  // three bytes: what follows is unaligned
  writer.put_array(common::Section::vector, std::span<const float>(vector));
  writer.put_array(common::Section::hits, std::span<const common::Hit>(hits));
  const auto bytes = writer.bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("a message gives back its sections, whatever their alignment") {
  const auto bytes = sample_message();
  const common::MessageReader reader(bytes, "test");
  CHECK(reader.text(common::Section::query) == "abc");
  std::vector<float> vector;
  reader.vector(vector, 3);
  CHECK(vector == std::vector<float>{0.5F, -0.5F, 0.25F});
  std::vector<common::Hit> hits;
  reader.hits(hits, 8);
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].document == 7);
  CHECK(hits[1].score == 0.8F);
}

TEST_CASE("a message cut anywhere but between sections is refused") {
  const auto bytes = sample_message();
  size_t whole = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      const auto cut = std::span<const std::byte>(bytes).first(size);
      const common::MessageReader reader(cut, "test");
      ++whole;
    } catch (const sage::Failure&) {
    }
  }
  CHECK(whole == 3);  // after none, one and two sections
}

TEST_CASE("a size that points past the end is refused") {
  auto bytes = sample_message();
  bytes[4] = bytes[5] = bytes[6] = bytes[7] = std::byte{0xff};
  CHECK_THROWS_WITH_AS(common::MessageReader(bytes, "refine"), doctest::Contains("refine: the input of"),
                       sage::Failure);
}

TEST_CASE("what a section must not hold is refused by name") {
  const auto bytes = sample_message();
  const common::MessageReader reader(bytes, "rerank");
  std::vector<float> vector;
  std::vector<common::Hit> hits;
  CHECK_THROWS_WITH_AS(static_cast<void>(reader.sizes()), doctest::Contains("'sizes' is missing"), sage::Failure);
  CHECK_THROWS_WITH_AS(reader.vector(vector, 4), doctest::Contains("has 3 dimensions"), sage::Failure);
  CHECK_THROWS_WITH_AS(reader.hits(hits, 7), doctest::Contains("document 7 of a corpus of 7"), sage::Failure);

  const std::vector<float> bad = {std::numeric_limits<float>::quiet_NaN()};
  common::MessageWriter writer;
  writer.put_array(common::Section::vector, std::span<const float>(bad));
  CHECK_THROWS_WITH_AS(common::MessageReader(writer.bytes(), "rerank").vector(vector, 1),
                       doctest::Contains("not finite"), sage::Failure);
}

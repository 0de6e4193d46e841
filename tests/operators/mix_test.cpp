#include "operators/model_server/mix.hpp"

#include <doctest/doctest.h>

#include "operators/common/wire.hpp"
#include "operators/run_operator.hpp"

using namespace operators;

namespace {

sage_request drawn(const model_server::Mix& mix, uint64_t seq) {
  sage_request row{};
  row.seq = seq;
  mix.complete(row);
  return row;
}

}  // namespace

TEST_CASE("the mix keeps its shares and ranges") {
  const model_server::Mix mix(
      sage::Json{{"llm_ratio", 0.25}, {"urgent_share", 0.1}, {"input_tokens_min", 10}, {"input_tokens_max", 12}});
  int chats = 0, urgent = 0, longest = 0;
  for (uint64_t seq = 0; seq < 4000; ++seq) {
    const auto row = drawn(mix, seq);
    CHECK(row.pipeline == row.class_id);
    CHECK(row.units_in >= 10);
    CHECK(row.units_in <= 12);
    CHECK(row.flags == SAGE_REQUEST_IDEMPOTENT);
    const bool is_chat = row.class_id == model_server::MixClass::chat;
    CHECK((is_chat ? row.units_out >= 64 && row.units_out <= 256 : row.units_out == 0));
    chats += is_chat ? 1 : 0;
    urgent += row.priority == 0 ? 1 : 0;
    longest += row.units_in == 12 ? 1 : 0;
  }
  CHECK(chats == doctest::Approx(1000).epsilon(0.1));
  CHECK(urgent == doctest::Approx(400).epsilon(0.15));
  CHECK(longest == doctest::Approx(4000.0 / 3).epsilon(0.1));
}

TEST_CASE("each property of a request is drawn for itself") {
  const model_server::Mix mix(sage::Json::object());
  const model_server::Mix all_chat(sage::Json{{"llm_ratio", 1.0}});
  const model_server::Mix tiered(sage::Json{{"urgent_share", 0.5}});
  const model_server::Mix other_seed(sage::Json{{"seed", 43}});
  int differing = 0;
  for (uint64_t seq = 0; seq < 200; ++seq) {
    const auto row = drawn(mix, seq);
    CHECK(drawn(all_chat, seq).units_in == row.units_in);
    if (row.class_id == model_server::MixClass::chat) CHECK(drawn(all_chat, seq).units_out == row.units_out);
    CHECK(drawn(tiered, seq).class_id == row.class_id);
    CHECK(drawn(tiered, seq).units_out == row.units_out);
    differing += drawn(other_seed, seq).units_in != row.units_in ? 1 : 0;
  }
  CHECK(differing > 190);
}

TEST_CASE("sizes from a trace are kept, but an embedding has no output") {
  const model_server::Mix mix(sage::Json{{"llm_ratio", 0.5}});
  for (uint64_t seq = 0; seq < 20; ++seq) {
    sage_request row{};
    row.seq = seq;
    row.units_in = 7;
    row.units_out = 3;
    mix.complete(row);
    CHECK(row.units_in == 7);
    CHECK(row.units_out == (row.class_id == model_server::MixClass::chat ? 3 : 0));
  }
}

TEST_CASE("one pool has as many replicas as two separate ones together") {
  const auto one = model_server::describe_mix(sage::Json::object(), model_server::Pools::unified, 3);
  REQUIRE(one.stages.size() == 1);
  CHECK(one.stages[0].parallelism == 6);
  CHECK(one.pipelines[model_server::MixClass::chat].steps[0].stage ==
        one.pipelines[model_server::MixClass::embedding].steps[0].stage);

  const auto two =
      model_server::describe_mix({{"slo_chat_ms", 600.0}, {"slo_ttft_ms", 50.0}}, model_server::Pools::separated, 3);
  REQUIRE(two.stages.size() == 2);
  CHECK(two.stages[0].parallelism == 3);
  CHECK(two.stages[two.pipelines[model_server::MixClass::embedding].steps[0].stage].name == "embedding");
  CHECK(two.classes[model_server::MixClass::chat].slo_response_ns == 600'000'000);
  CHECK(two.classes[model_server::MixClass::chat].slo_ttft_ns == 50'000'000);
  CHECK(two.classes[model_server::MixClass::embedding].slo_response_ns == 100'000'000);
}

TEST_CASE("chat waits for prefill and decode, an embedding for prefill alone") {
  const auto server =
      model_server::open_mix_operator("serve", {{"prefill_us_per_token", 10}, {"decode_us_per_token", 100}});
  sage_request row{};
  row.seq = 5;
  row.units_in = 30;
  row.units_out = 4;
  row.class_id = model_server::MixClass::chat;
  const auto chatted = run_operator(*server, row, {});
  CHECK(chatted.out.hold_ns == (30 * 10 + 4 * 100) * 1000);
  CHECK(chatted.out.first_after_ns == (30 * 10 + 100) * 1000);
  CHECK(chatted.out.units == 4);
  CHECK(chatted.out.digest == common::digest_of(chatted.bytes));

  row.class_id = model_server::MixClass::embedding;
  row.units_out = 0;
  const auto embedded = run_operator(*server, row, {});
  CHECK(embedded.out.hold_ns == 30 * 10 * 1000);
  CHECK(embedded.out.first_after_ns == 0);
  CHECK(common::MessageReader(embedded.bytes, "test").get(common::Section::vector).size() == 384 * sizeof(float));
}

TEST_CASE("a mix that cannot be is refused by name") {
  CHECK_THROWS_WITH_AS(model_server::Mix(sage::Json{{"llm_ratio", 1.5}}), doctest::Contains("'llm_ratio' is 1.5"),
                       sage::Failure);
  CHECK_THROWS_WITH_AS(model_server::Mix(sage::Json{{"output_tokens_min", 300}}),
                       doctest::Contains("'output_tokens_min' is 300"), sage::Failure);
  CHECK(model_server::open_mix_operator("embed", sage::Json::object()) == nullptr);
}

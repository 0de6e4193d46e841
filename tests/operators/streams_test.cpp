#include "operators/common/streams.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <map>

using namespace operators;

namespace {

common::Streams streams(const sage::Json& config) { return common::Streams(common::StreamsConfig::from_json(config)); }

}  // namespace

TEST_CASE("event time never goes back and keeps the rate, with gaps as described") {
  const auto s = streams({{"event_rate", 50}});
  double sum = 0, squares = 0;
  constexpr int n = 20000;
  for (uint64_t seq = 0; seq < n; ++seq) {
    REQUIRE(s.at_ns(seq) <= s.at_ns(seq + 1));
    const double gap = static_cast<double>(s.at_ns(seq + 1) - s.at_ns(seq)) / 1e9;
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / n;
  CHECK(mean == doctest::Approx(0.02).epsilon(0.01));
  CHECK(std::sqrt(squares / n - mean * mean) / mean == doctest::Approx(0.41).epsilon(0.03));
}

TEST_CASE("the earlier turns are those that a log of each session would hold") {
  const auto s = streams({{"sessions", 12}, {"llm_ratio", 0.5}});
  std::map<uint64_t, std::deque<uint64_t>> log;  // newest first
  size_t full = 0;
  for (uint64_t seq = 0; seq < 3000; ++seq) {
    if (!s.is_query(seq)) continue;
    auto& session = log[s.session(seq)];
    std::erase_if(session, [&](uint64_t turn) { return seq - turn > 32U * 12U; });  // forgotten
    const auto turns = s.earlier_turns(seq, 3);
    CHECK(turns == std::vector<uint64_t>(session.begin(), session.end()));
    full += turns.size() == 3 ? 1 : 0;
    session.push_front(seq);
    if (session.size() > 3) session.pop_back();
  }
  CHECK(log.size() == 12);
  CHECK(full > 1000);
}

TEST_CASE("a session's queries are about one topic; without sessions a query is the request's own text") {
  const auto s = streams({{"sessions", 3}});
  const auto alone = streams(sage::Json::object());
  CHECK(alone.query(7, 50) == common::request_text(common::Language({}), 42, 7, 50));
  CHECK(alone.earlier_turns(500, 4).empty());
  std::map<uint64_t, uint64_t> first_of;
  for (uint64_t seq = 0; seq < 20; ++seq) first_of.try_emplace(s.session(seq), seq);
  REQUIRE(first_of.size() == 3);
  const common::Language language({});
  for (uint64_t seq = 0; seq < 20; ++seq) {
    const auto topic = sage::Draw(42, "session.topic").integer(s.session(seq), 0, 31);
    CHECK(s.query(seq, 40) == common::request_text(language, 42, seq, 40, static_cast<uint32_t>(topic)));
  }
}

TEST_CASE("lengths that contradict each other are refused by name") {
  CHECK_THROWS_WITH_AS(streams({{"input_tokens_min", 600}}), doctest::Contains("'input_tokens_min' is 600"),
                       sage::Failure);
}

// What the seed says about the requests of a schedule: which of two streams each belongs to, its session, its length,
// its event time and what it is about. A stage that needs a request's neighbours (the session's earlier turns, a
// window, a batch) derives them from here instead of remembering what it happened to see. So its result is a function
// of seed and request alone, whichever replica or process runs it, and whatever was lost or reordered before.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "operators/common/text.hpp"

namespace operators::common {

struct StreamsConfig {
  LanguageConfig language;
  double query_share = 0.6;  // option llm_ratio: the others are embedding requests or document updates
  uint32_t words_min = 256;  // option input_tokens_min
  uint32_t words_max = 512;
  uint32_t sessions = 0;      // going on at a time; 0 = every query stands alone
  uint32_t documents = 4000;  // that updates are about
  double event_rate = 10;     // events in a second of event time
  static StreamsConfig from_json(const sage::Json& config);
};

// Immutable: [any].
//
// Event time is a clock of the streams' own, as if they had been recorded and were replayed: it moves with seq, not
// with the pace at which the host offers them. Event i happens at (i + u) / event_rate, u uniform in [0, 1), so seq and
// event time agree about the order, and gaps are steadier than Poisson's (coefficient of variation 0.41).
class Streams {
 public:
  explicit Streams(const StreamsConfig& config);
  [[nodiscard]] const StreamsConfig& config() const { return config_; }

  [[nodiscard]] bool is_query(uint64_t seq) const { return classes_.unit(seq) < config_.query_share; }
  [[nodiscard]] int64_t at_ns(uint64_t seq) const;
  // Of a query. A trace may have set the length of a request that is running; neighbours have the one drawn here.
  [[nodiscard]] uint32_t words(uint64_t seq) const;
  [[nodiscard]] uint64_t session(uint64_t seq) const;  // 0 without sessions
  [[nodiscard]] std::string query(uint64_t seq, uint32_t words) const;
  // The last `turns` queries of seq's session before it, newest first. A session silent for long has been forgotten.
  [[nodiscard]] std::vector<uint64_t> earlier_turns(uint64_t seq, uint32_t turns) const;
  // Of an update: the document of the corpus that it publishes.
  [[nodiscard]] uint32_t document(uint64_t seq) const;

 private:
  StreamsConfig config_;
  Language language_;
  sage::Draw classes_, lengths_, sessions_, session_topics_, times_, documents_;
};

}  // namespace operators::common

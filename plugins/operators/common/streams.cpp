#include "operators/common/streams.hpp"

#include "operators/common/config.hpp"

namespace operators::common {
namespace {

// A session is forgotten when as many events as this for each session have gone by.
constexpr uint64_t memory_events_per_session = 32;

}  // namespace

StreamsConfig StreamsConfig::from_json(const sage::Json& config) {
  constexpr uint32_t words_limit = 1'000'000;
  StreamsConfig c;
  c.language = LanguageConfig::from_json(config);
  c.query_share = read<double>(config, "llm_ratio", c.query_share, 0, 1);
  c.words_min = read<uint32_t>(config, "input_tokens_min", c.words_min, 1, words_limit);
  c.words_max = read<uint32_t>(config, "input_tokens_max", c.words_max, 1, words_limit);
  if (c.words_min > c.words_max)
    throw sage::Failure(SAGE_INVALID, "option 'input_tokens_min' is " + std::to_string(c.words_min) +
                                          ", above 'input_tokens_max' of " + std::to_string(c.words_max) +
                                          "; lower it");
  c.sessions = read<uint32_t>(config, "sessions", c.sessions, 0, 10'000);
  c.documents = read<uint32_t>(config, "documents", c.documents, 1, 1'000'000);
  c.event_rate = read<double>(config, "event_rate", c.event_rate, 0.001, 1e6);
  return c;
}

Streams::Streams(const StreamsConfig& config)
    : config_(config),
      language_(config.language),
      classes_(config.language.seed, "class"),
      lengths_(config.language.seed, "input_tokens"),
      sessions_(config.language.seed, "session"),
      session_topics_(config.language.seed, "session.topic"),
      times_(config.language.seed, "event.time"),
      documents_(config.language.seed, "event.document") {}

int64_t Streams::at_ns(uint64_t seq) const {
  return static_cast<int64_t>((static_cast<double>(seq) + times_.unit(seq)) * 1e9 / config_.event_rate);
}

uint32_t Streams::words(uint64_t seq) const {
  return static_cast<uint32_t>(lengths_.integer(seq, config_.words_min, config_.words_max));
}

uint64_t Streams::session(uint64_t seq) const {
  return config_.sessions == 0 ? 0 : sessions_.integer(seq, 0, config_.sessions - 1);
}

std::string Streams::query(uint64_t seq, uint32_t words) const {
  if (config_.sessions == 0) return request_text(language_, config_.language.seed, seq, words);
  // A session stays with its topic, which is what makes its earlier turns worth remembering.
  const auto topic = static_cast<uint32_t>(session_topics_.integer(session(seq), 0, language_.topics() - 1));
  return request_text(language_, config_.language.seed, seq, words, topic);
}

std::vector<uint64_t> Streams::earlier_turns(uint64_t seq, uint32_t turns) const {
  std::vector<uint64_t> found;
  const uint64_t reach = memory_events_per_session * config_.sessions;
  const uint64_t oldest = seq > reach ? seq - reach : 0;
  for (uint64_t s = seq; s > oldest && found.size() < turns;)
    if (is_query(--s) && session(s) == session(seq)) found.push_back(s);
  return found;
}

uint32_t Streams::document(uint64_t seq) const {
  return static_cast<uint32_t>(documents_.integer(seq, 0, config_.documents - 1));
}

}  // namespace operators::common

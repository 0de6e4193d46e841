#include "operators/rag/join.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "operators/common/config.hpp"

namespace operators::rag {
namespace {

constexpr double window_events_max = 65'536;  // 100 MB of vectors a replica, and 10 ms a probe: more is a mistake

// Events in the window, and one for each end.
size_t window_events(const JoinConfig& config) {
  return static_cast<size_t>(std::ceil(config.window_s * config.streams.event_rate)) + 2;
}

}  // namespace

JoinConfig JoinConfig::from_json(const sage::Json& config) {
  JoinConfig c;
  c.corpus = CorpusConfig::from_json(config);
  c.streams = common::StreamsConfig::from_json(config);
  c.window_s = common::read<double>(config, "window_s", c.window_s, 0, 86'400);
  c.similarity = common::read<double>(config, "join_similarity", c.similarity, -1, 1);
  c.keep = common::read<uint32_t>(config, "join_keep", c.keep, 1, 100'000);
  if (c.window_s * c.streams.event_rate > window_events_max)
    throw sage::Failure(SAGE_INVALID, "a window of " + std::to_string(c.window_s) + " s at " +
                                          std::to_string(c.streams.event_rate) +
                                          " events/s holds more than 65536 events; lower window_s or event_rate");
  return c;
}

Join::Join(const JoinConfig& config, Publishes publishes)
    : config_(config),
      corpus_(shared_corpus(config.corpus)),
      streams_(config.streams),
      publishes_(std::move(publishes)),
      queries_(streams_, config.corpus.dimensions, window_events(config)) {
  if (!publishes_) publishes_ = [this](uint64_t seq) { return streams_.document(seq); };
}

void Join::probe(uint64_t seq) {
  const auto window_ns = std::llround(config_.window_s * 1e9);
  const bool is_query = streams_.is_query(seq);
  const auto at_ns = streams_.at_ns(seq);
  matches_.clear();
  // Event time never decreases with seq, so the window's content is a run of them.
  for (uint64_t other = seq; other > 0 && at_ns - streams_.at_ns(other - 1) < window_ns;) {
    if (streams_.is_query(--other) == is_query) continue;
    const auto document = publishes_(is_query ? other : seq);
    const float cosine = model_server::dot(vector_, is_query ? corpus_->vector(document) : queries_.of(other));
    if (static_cast<double>(cosine) >= config_.similarity) matches_.push_back({other, document, cosine});
  }
  std::sort(matches_.begin(), matches_.end(), [](const common::Match& a, const common::Match& b) {
    return a.score != b.score ? a.score > b.score : a.seq < b.seq;
  });
  matches_.resize(std::min<size_t>(config_.keep, matches_.size()));
}

// A document that several updates published counts once.
void Join::put_hits() {
  std::map<uint32_t, float> documents;
  for (const auto& match : matches_) documents.emplace(match.document, match.score);
  std::vector<common::Hit> hits;
  for (const auto& [document, score] : documents) hits.push_back({document, score});
  std::sort(hits.begin(), hits.end(), better);
  message_.put_array(common::Section::hits, std::span<const common::Hit>(hits));
}

void Join::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "join");
  input.vector(vector_, corpus_->dimensions());
  const auto seq = in.request().seq;
  probe(seq);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::vector})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::matches, std::span<const common::Match>(matches_));
  if (streams_.is_query(seq)) put_hits();
  common::deliver(message_, out);
}

}  // namespace operators::rag

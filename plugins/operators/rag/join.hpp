// join: the symmetric sliding-window join (Kang, Naughton and Viglas, ICDE 2003) of the query stream and the stream of
// document updates, by similarity: a query and an update at most `window` of event time apart whose vectors are alike.
#pragma once

#include <sage/plugin.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"
#include "operators/rag/corpus.hpp"
#include "operators/rag/query_vectors.hpp"

namespace operators::rag {

struct JoinConfig {
  CorpusConfig corpus;
  common::StreamsConfig streams;
  double window_s = 10;     // of event time
  double similarity = 0.4;  // option join_similarity: least cosine of a pair
  uint32_t keep = 32;       // option join_keep: best partners of a request
  static JoinConfig from_json(const sage::Json& config);
};

// Each request meets the requests of the other stream that came before it and within the window: event times in
// (t - window, t]. So a pair is found once, by the later of the two, and all results together are the whole join (of
// which each request reports its `keep` best).
//
// The window's content is drawn again from the seed and its vectors are cached; it is the same whatever this replica
// has seen. This models the work of a join over complete streams, in event time: probing a window, keeping its vectors.
// It does not model late or lost events, watermarks, or a window partitioned over replicas.
//
// Input: sizes, query, vector of the request. Output: these, the matches and, for a query, hits: the matched documents.
class Join final : public sage::Operator {
 public:
  // The document that the update `seq` publishes; a test puts in another stream than the seed's.
  using Publishes = std::function<uint32_t(uint64_t seq)>;
  explicit Join(const JoinConfig& config, Publishes publishes = nullptr);
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  void probe(uint64_t seq);  // fills matches_
  void put_hits();           // writes the matched documents

  JoinConfig config_;
  std::shared_ptr<const Corpus> corpus_;
  common::Streams streams_;
  Publishes publishes_;
  QueryVectors queries_;
  std::vector<float> vector_;
  std::vector<common::Match> matches_;
  common::MessageWriter message_;
};

}  // namespace operators::rag

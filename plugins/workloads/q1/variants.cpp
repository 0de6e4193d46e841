#include "workloads/q1/variants.hpp"

#include <string>
#include <utility>
#include <vector>

#include "operators/common/config.hpp"

namespace workloads::q1 {
namespace {

using operators::common::read;

constexpr double hashes_default = 11500;
constexpr double join_window_s = 10;
constexpr double extreme_window_s = 60;

// Mean service time in us: of an execution, and more for each token of the query and of the answer.
struct Cost {
  double base = 0, in = 0, out = 0;
};

// The costs, for simulators, at the default options on an AMD EPYC core. Those of basic's stages were measured when
// they were written; lexical and ingest alone, at several lengths, tokenise and features alone; the others in a run
// (docs/workloads/q1.md) in which basic's took 1.5 times as long as here, and are scaled alike. They leave out what is
// paid once: building the corpus.
class Builder {
 public:
  explicit Builder(Variant& variant) : variant_(variant) {}

  // `changes`: members that this stage reads differently from the others.
  uint32_t stage(const char* name, const char* operator_name, Cost cost,
                 const sage::Json& changes = sage::Json::object(), uint32_t key_by = SAGE_KEY_NONE) {
    auto config = variant_.config;
    config.update(changes);
    auto& stages = variant_.description.stages;
    stages.push_back(
        {name, operator_name, std::move(config), key_by, 0, cost.base * 1e3, cost.in * 1e3, cost.out * 1e3});
    return static_cast<uint32_t>(stages.size() - 1);
  }
  void pipeline(const char* name) { variant_.description.pipelines.push_back({name, {}}); }
  // Of the pipeline begun last. Returns the step, for those that take its output.
  uint32_t step(uint32_t stage, std::vector<uint32_t> inputs = {}) {
    auto& steps = variant_.description.pipelines.back().steps;
    steps.push_back({stage, std::move(inputs)});
    return static_cast<uint32_t>(steps.size() - 1);
  }

  uint32_t embed() { return stage("embed", "embed", {3, 0.11}); }
  uint32_t retrieve(const char* name = "retrieve") { return stage(name, "retrieve", {125}); }
  uint32_t lexical() { return stage("lexical", "lexical", {250, 0.75}); }
  uint32_t rerank(const char* name = "rerank", const sage::Json& changes = sage::Json::object()) {
    return stage(name, "rerank", {95, 0.25}, changes);
  }
  uint32_t refine() { return stage("refine", "refine", {450, 0.25}); }
  uint32_t generate() {
    const double prefill_us = read<double>(variant_.config, "prefill_us_per_token", 20, 0);
    const double decode_us = read<double>(variant_.config, "decode_us_per_token", 200, 0);
    const double context_tokens = read<double>(variant_.config, "context_tokens", 256, 1);
    return stage("generate", "generate", {45 + prefill_us * context_tokens, prefill_us, decode_us});
  }
  uint32_t tokenise() { return stage("tokenise", "tokenise", {2, 0.17}); }
  uint32_t features() {
    const double hashes = read<double>(variant_.config, "task_hashes", hashes_default, 1);
    return stage("features", "features", {0, 64 * hashes / hashes_default});
  }
  // Sessions keep their replica, where the vectors of their earlier turns are at hand.
  uint32_t memory() { return stage("memory", "memory", {55}, sage::Json::object(), SAGE_KEY_REQUEST); }

 private:
  Variant& variant_;
};

void basic(Builder& b) {
  const auto embed = b.embed(), retrieve = b.retrieve(), rerank = b.rerank(), refine = b.refine(),
             generate = b.generate();
  b.pipeline("chain");
  b.step(generate, {b.step(refine, {b.step(rerank, {b.step(retrieve, {b.step(embed)})})})});
  b.pipeline("embed");
  b.step(embed);
}

void compute(Builder& b) {
  const auto tokenise = b.tokenise(), features = b.features();
  b.pipeline("task");
  b.step(features, {b.step(tokenise)});
}

void mixed(Builder& b) {
  const auto embed = b.embed(), retrieve = b.retrieve(), rerank = b.rerank(), refine = b.refine(),
             generate = b.generate(), tokenise = b.tokenise(), features = b.features();
  b.pipeline("chain");
  b.step(generate, {b.step(refine, {b.step(rerank, {b.step(retrieve, {b.step(embed)})})})});
  b.pipeline("task");
  b.step(features, {b.step(tokenise)});
}

void multi(Builder& b) {
  const auto embed = b.embed(), memory = b.memory(), retrieve = b.retrieve(), recall = b.retrieve("recall"),
             lexical = b.lexical(), fuse = b.stage("fuse", "fuse", {18}), rerank = b.rerank(), refine = b.refine(),
             generate = b.generate();
  b.pipeline("chain");
  const auto query = b.step(embed);
  const auto by_meaning = b.step(retrieve, {query});
  const auto by_words = b.step(lexical, {query});
  const auto by_session = b.step(recall, {b.step(memory, {query})});
  const auto fused = b.step(fuse, {query, by_meaning, by_words, by_session});
  b.step(generate, {b.step(refine, {b.step(rerank, {fused})})});
  b.pipeline("embed");
  b.step(embed);
}

void join(Builder& b) {
  const auto embed = b.embed(), ingest = b.stage("ingest", "ingest", {4, 0.055}), join = b.stage("join", "join", {43}),
             retrieve = b.retrieve(), lexical = b.lexical(), fuse = b.stage("fuse", "fuse", {18}),
             rerank = b.rerank("rerank", {{"weight_sources", 0.2}}), refine = b.refine(), generate = b.generate();
  b.pipeline("query");
  const auto query = b.step(embed);
  const auto published = b.step(join, {query});
  const auto by_meaning = b.step(retrieve, {query});
  const auto by_words = b.step(lexical, {query});
  const auto fused = b.step(fuse, {query, published, by_meaning, by_words});
  b.step(generate, {b.step(refine, {b.step(rerank, {fused})})});
  b.pipeline("update");
  b.step(join, {b.step(ingest)});
}

void extreme(Builder& b) {
  const auto embed = b.embed(), ingest = b.stage("ingest", "ingest", {4, 0.055}), join = b.stage("join", "join", {85}),
             memory = b.memory(), recall = b.retrieve("recall"), lexical = b.lexical(),
             expand = b.stage("expand", "expand", {130}), rank = b.rerank("rank", {{"keep", 32}}),
             spread = b.stage("spread", "mmr", {23}), walk = b.stage("walk", "walk", {57}),
             fuse = b.stage("fuse", "fuse", {18}), dedupe = b.stage("dedupe", "dedupe", {73}),
             five_way = b.rerank("five_way", {{"weight_bm25", 0.3},
                                              {"weight_cosine", 0.3},
                                              {"weight_freshness", 0.1},
                                              {"weight_sources", 0.2},
                                              {"weight_diversity", 0.1},
                                              {"keep", 32}}),
             refine = b.refine(), micro_batch = b.stage("micro_batch", "batch", {7}, {{"batch_level", 1}}),
             batch = b.stage("batch", "batch", {7}, {{"batch_level", 2}}), generate = b.generate();
  b.pipeline("query");
  const auto query = b.step(embed);
  const auto published = b.step(join, {query});
  // first retrieval: by the conversation's meaning
  const auto recalled = b.step(recall, {b.step(memory, {query})});
  const auto by_meaning = b.step(spread, {b.step(rank, {recalled})});
  // second retrieval: by words, the query's and then more
  const auto first_pass = b.step(lexical, {query});
  const auto by_words = b.step(rank, {b.step(lexical, {b.step(expand, {first_pass})})});
  const auto around = b.step(walk, {recalled});
  const auto distinct = b.step(dedupe, {b.step(fuse, {query, published, by_meaning, by_words, around})});
  const auto chosen = b.step(spread, {b.step(five_way, {distinct})});
  b.step(generate, {b.step(batch, {b.step(micro_batch, {b.step(refine, {chosen})})})});
  b.pipeline("update");
  b.step(join, {b.step(ingest)});
}

struct Shape {
  const char* name;
  void (*describe)(Builder&);
  std::vector<Kind> kinds;
  bool has_sessions = false, has_duplicates = false;
  double window_s = 0;
};
const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {"basic", basic, {Kind::chat, Kind::embedding}},
      {"multi", multi, {Kind::chat, Kind::embedding}, true},
      {"join", join, {Kind::query, Kind::update}, false, false, join_window_s},
      {"extreme", extreme, {Kind::query, Kind::update}, true, true, extreme_window_s},
      {"compute", compute, {Kind::task}},
      {"mixed", mixed, {Kind::chat, Kind::task}}};
  return all;
}

}  // namespace

Variant q1_variant(std::string_view name, const sage::Json& options) {
  std::string names;
  for (const auto& shape : shapes()) {
    if (name != shape.name) {
      names.append(names.empty() ? "" : ", ").append(shape.name);
      continue;
    }
    Variant variant{options, {}, shape.kinds};
    if (!shape.has_sessions) variant.config["sessions"] = 0;
    if (!shape.has_duplicates) variant.config["duplicate_share"] = 0;
    if (read<double>(options, "window_s", 0, 0) == 0) variant.config["window_s"] = shape.window_s;
    Builder builder(variant);
    shape.describe(builder);
    return variant;
  }
  throw sage::Failure(SAGE_INVALID, "q1 has no variant '" + std::string(name) + "'; it has " + names);
}

}  // namespace workloads::q1

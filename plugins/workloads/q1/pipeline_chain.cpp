#include "workloads/q1/pipeline_chain.hpp"

#include <algorithm>
#include <string>

#include "operators/config.hpp"
#include "operators/rag.hpp"
#include "operators/serial.hpp"
#include "operators/wire.hpp"

namespace workloads {
namespace {

using operators::read;

constexpr uint32_t tokens_limit = 1'000'000;
// Keeps the check after a day-long run at a fraction of a second.
constexpr size_t samples_max = 128;

}  // namespace

PipelineChain::PipelineChain(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : PipelineChain(q1_variant(operators::read_text(options, "variant", "basic"), options)) {}

PipelineChain::PipelineChain(Variant variant)
    : variant_(std::move(variant)),
      streams_(operators::StreamsConfig::from_json(variant_.config)),
      corpus_(operators::CorpusConfig::from_json(variant_.config)),
      outputs_min_(read<uint32_t>(variant_.config, "output_tokens_min", 64, 1, tokens_limit)),
      outputs_max_(read<uint32_t>(variant_.config, "output_tokens_max", 256, 1, tokens_limit)),
      check_every_(read<uint64_t>(variant_.config, "check_every", 64, 0)),
      outputs_(streams_.config().language.seed, "output_tokens") {
  if (outputs_min_ > outputs_max_)
    throw sage::Failure(SAGE_INVALID, "option 'output_tokens_min' is " + std::to_string(outputs_min_) +
                                          ", above 'output_tokens_max' of " + std::to_string(outputs_max_) +
                                          "; lower it");
  const auto slo_ns = [&](const char* option, double fallback_ms) {
    return static_cast<int64_t>(read<double>(variant_.config, option, fallback_ms, 0.001) * 1e6);
  };
  variant_.description.classes = {
      {variant_.has_updates ? "query" : "chat", slo_ns("slo_chat_ms", 500), 0, 0},
      {variant_.has_updates ? "update" : "embedding", slo_ns("slo_embedding_ms", 100), 0, 0}};
}

std::unique_ptr<sage::Operator> PipelineChain::open_operator(std::string_view name, const sage::Json& config,
                                                             uint32_t /*replica*/, uint32_t /*replicas*/) {
  return operators::open_rag_operator(name, config);
}

size_t PipelineChain::plan(std::span<sage_request> rows) {
  for (auto& row : rows) fill(row);
  return rows.size();
}

// Sizes that a trace gave are kept, but for an update: its length is its document's. So is the key, but where it is the
// session: the earlier turns are those that the seed has.
void PipelineChain::fill(sage_request& row) const {
  const auto seq = row.seq;
  const bool is_query = streams_.is_query(seq);
  row.pipeline = row.class_id = is_query ? 0 : 1;
  row.flags |= SAGE_REQUEST_IDEMPOTENT;  // no stage keeps state that a result depends on
  if (row.units_in == 0) row.units_in = streams_.words(seq);
  if (!is_query) {
    row.units_out = 0;
    if (variant_.has_updates) row.units_in = operators::document_words(corpus_, streams_.document(seq));
    return;
  }
  if (streams_.config().sessions > 0) row.key = streams_.session(seq);
  if (row.units_out == 0) row.units_out = static_cast<uint32_t>(outputs_.integer(seq, outputs_min_, outputs_max_));
}

void PipelineChain::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  for (size_t i = 0; i < rows.size(); ++i) verdicts[i] = judge(rows[i]);
}

uint32_t PipelineChain::judge(const sage_outcome& row) {
  if (row.outcome != SAGE_OUTCOME_OK) return SAGE_VERDICT_UNCHECKED;
  ++counts_.ok;
  if (row.digest == 0) return SAGE_VERDICT_UNCHECKED;
  ++counts_.with_digest;
  if (row.result.size == 0) return SAGE_VERDICT_PASS;
  ++counts_.with_result;
  const auto bytes = sage::view(row.result);
  if (operators::digest_of(bytes) != row.digest) {
    ++counts_.damaged;
    return SAGE_VERDICT_WRONG;
  }
  if (check_every_ > 0 && row.seq % check_every_ == 0 && samples_.size() < samples_max) {
    const auto sizes = operators::MessageReader(bytes, "settle").sizes();  // the trace's, if there was one
    samples_.push_back({row.seq, row.digest, sizes.units_in, sizes.units_out});
  }
  return SAGE_VERDICT_PASS;
}

sage::Conclusion PipelineChain::conclude() {
  std::vector<uint64_t> different;
  if (!samples_.empty()) {
    operators::SerialBackend serial(*this, 1);
    for (const auto& sample : samples_) {
      sage_request request{};
      request.id = sample.seq + 1;
      request.seq = sample.seq;
      request.units_in = sample.units_in;
      request.units_out = sample.units_out;
      fill(request);
      if (serial.run(request).digest != sample.digest) different.push_back(sample.seq);
    }
  }
  std::sort(different.begin(), different.end());
  sage::Conclusion conclusion;
  const bool wrong = counts_.damaged > 0 || !different.empty();
  conclusion.verdict = wrong                     ? SAGE_VERDICT_WRONG
                       : counts_.with_digest > 0 ? SAGE_VERDICT_PASS
                                                 : SAGE_VERDICT_UNCHECKED;
  conclusion.report = {
      {"ok", counts_.ok},           {"with_digest", counts_.with_digest}, {"with_result", counts_.with_result},
      {"damaged", counts_.damaged}, {"recomputed", samples_.size()},      {"recomputed_different", different}};
  return conclusion;
}

}  // namespace workloads

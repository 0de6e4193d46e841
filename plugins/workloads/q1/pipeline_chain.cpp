#include "workloads/q1/pipeline_chain.hpp"

#include <string>

#include "operators/common/config.hpp"
#include "operators/rag/rag.hpp"
#include "workloads/q1/compute.hpp"

namespace workloads::q1 {
namespace {

using operators::common::read;

constexpr uint32_t tokens_limit = 1'000'000;

struct KindSpec {
  const char* class_name;
  const char* slo_option;
  double slo_ms;
};
KindSpec spec_of(Kind kind) {
  switch (kind) {
    case Kind::chat:
      return {"chat", "slo_chat_ms", 500};
    case Kind::query:
      return {"query", "slo_chat_ms", 500};
    case Kind::embedding:
      return {"embedding", "slo_embedding_ms", 100};
    case Kind::update:
      return {"update", "slo_embedding_ms", 100};
    case Kind::task:
      return {"task", "slo_task_ms", 250};
  }
  return {};
}

bool is_answered(Kind kind) { return kind == Kind::chat || kind == Kind::query; }

}  // namespace

PipelineChain::PipelineChain(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
    : PipelineChain(q1_variant(operators::common::read_text(options, "variant", "basic"), options)) {}

PipelineChain::PipelineChain(Variant variant)
    : variant_(std::move(variant)),
      side_by_side_(variant_.config),
      streams_(operators::common::StreamsConfig::from_json(variant_.config)),
      corpus_(operators::rag::CorpusConfig::from_json(variant_.config)),
      outputs_min_(read<uint32_t>(variant_.config, "output_tokens_min", 64, 1, tokens_limit)),
      outputs_max_(read<uint32_t>(variant_.config, "output_tokens_max", 256, 1, tokens_limit)),
      outputs_(streams_.config().language.seed, "output_tokens"),
      check_(operators::common::DigestCheck::from_json(variant_.config)) {
  if (outputs_min_ > outputs_max_)
    throw sage::Failure(SAGE_INVALID, "option 'output_tokens_min' is " + std::to_string(outputs_min_) +
                                          ", above 'output_tokens_max' of " + std::to_string(outputs_max_) +
                                          "; lower it");
  for (const auto kind : variant_.kinds) {
    const auto spec = spec_of(kind);
    const auto slo_ms = read<double>(variant_.config, spec.slo_option, spec.slo_ms, 0.001);
    variant_.description.classes.push_back({spec.class_name, static_cast<int64_t>(slo_ms * 1e6), 0, 0});
  }
  side_by_side_.multiply(variant_.description);
}

std::unique_ptr<sage::Operator> PipelineChain::open_operator(std::string_view name, const sage::Json& config,
                                                             uint32_t /*replica*/, uint32_t /*replicas*/) {
  if (auto compute = open_compute_operator(name, config)) return compute;
  return operators::rag::open_rag_operator(name, config);
}

size_t PipelineChain::plan(std::span<sage_request> rows) {
  for (auto& row : rows) {
    fill(row);
    row.tenant = static_cast<uint16_t>(side_by_side_.place(row));
    row.pipeline = static_cast<uint16_t>(row.pipeline + row.tenant * variant_.kinds.size());
  }
  return rows.size();
}

// Sizes that a trace gave are kept, but for an update: its length is its document's. So is the key, but where it is the
// session: the earlier turns are those that the seed has.
void PipelineChain::fill(sage_request& row) const {
  const auto seq = row.seq;
  row.pipeline = row.class_id = variant_.kinds.size() == 1 || streams_.is_query(seq) ? 0 : 1;
  const auto kind = variant_.kinds[row.class_id];
  row.flags |= SAGE_REQUEST_IDEMPOTENT;  // no stage keeps state that a result depends on
  if (row.units_in == 0) row.units_in = streams_.words(seq);
  if (kind == Kind::update) row.units_in = operators::rag::document_words(corpus_, streams_.document(seq));
  if (!is_answered(kind)) {
    row.units_out = 0;
    return;
  }
  if (streams_.config().sessions > 0) row.key = streams_.session(seq);
  if (row.units_out == 0) row.units_out = static_cast<uint32_t>(outputs_.integer(seq, outputs_min_, outputs_max_));
}

void PipelineChain::settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) {
  check_.settle(rows, verdicts);
}

sage::Conclusion PipelineChain::conclude() {
  return check_.conclude(*this, [this](sage_request& row) { fill(row); });
}

}  // namespace workloads::q1

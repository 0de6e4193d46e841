// batch: groups requests by size or timeout, in two levels.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <span>
#include <vector>

#include "operators/common/streams.hpp"
#include "operators/common/wire.hpp"

namespace operators::rag {

struct BatchConfig {
  common::StreamsConfig streams;
  uint32_t level = 1;       // 1 = micro-batches of queries; 2 = batches of those
  uint32_t size = 4;        // option batch_size: queries in a micro-batch
  double timeout_ms = 400;  // option batch_timeout_ms: of event time, from a micro-batch's first query
  uint32_t groups = 4;      // option batch_groups: micro-batches in a batch, which waits as many timeouts at most
  static BatchConfig from_json(const sage::Json& config);
};

// Where the batches end: a batch begins with the first item that is in none and takes those that follow until it has
// `size` or the next one comes more than `timeout_ns` after its first. `at_ns` does not decrease. Gives the index after
// the last item of each.
std::vector<size_t> batch_ends(std::span<const int64_t> at_ns, size_t size, int64_t timeout_ns);

// The batch of a query is formed over event times drawn from the seed, so it does not depend on who was there in real
// time. Batches also end with every block of `batch_block` events, as at a checkpoint barrier: what a query is grouped
// with is then found in one block. This models who is grouped with whom, the work of grouping, and padding (generate
// prefills each query as long as its batch's longest). It does not make a request wait for its batch to fill.
inline constexpr uint64_t batch_block = 256;
common::Batch batch_of(const common::Streams& streams, const BatchConfig& config, uint64_t seq);

// Input: sizes, query, context. Output: these, and batch.
class Batcher final : public sage::Operator {
 public:
  explicit Batcher(const BatchConfig& config) : config_(config), streams_(config.streams) {}
  void run(const sage::OpInput& in, sage_op_output& out) override;

 private:
  BatchConfig config_;
  common::Streams streams_;
  common::MessageWriter message_;
};

}  // namespace operators::rag

#include "operators/rag/batch.hpp"

#include <algorithm>
#include <cmath>

#include "operators/common/config.hpp"

namespace operators::rag {

BatchConfig BatchConfig::from_json(const sage::Json& config) {
  BatchConfig c;
  c.streams = common::StreamsConfig::from_json(config);
  c.level = common::read<uint32_t>(config, "batch_level", c.level, 1, 2);
  c.size = common::read<uint32_t>(config, "batch_size", c.size, 1, 256);
  c.timeout_ms = common::read<double>(config, "batch_timeout_ms", c.timeout_ms, 0, 1e6);
  c.groups = common::read<uint32_t>(config, "batch_groups", c.groups, 1, 256);
  return c;
}

std::vector<size_t> batch_ends(std::span<const int64_t> at_ns, size_t size, int64_t timeout_ns) {
  std::vector<size_t> ends;
  for (size_t begin = 0, i = 0; i < at_ns.size(); ++i) {
    const bool last = i + 1 == at_ns.size() || i + 1 - begin == size || at_ns[i + 1] - at_ns[begin] > timeout_ns;
    if (!last) continue;
    ends.push_back(i + 1);
    begin = i + 1;
  }
  return ends;
}

common::Batch batch_of(const common::Streams& streams, const BatchConfig& config, uint64_t seq) {
  const auto timeout_ns = std::llround(config.timeout_ms * 1e6);
  std::vector<uint64_t> queries;
  std::vector<int64_t> at_ns;
  for (uint64_t s = seq / batch_block * batch_block, end = s + batch_block; s < end; ++s) {
    if (!streams.is_query(s) && s != seq) continue;
    queries.push_back(s);
    at_ns.push_back(streams.at_ns(s));
  }
  auto ends = batch_ends(at_ns, config.size, timeout_ns);
  if (config.level == 2) {
    // A micro-batch reaches the second level when it is full, or its time is up.
    std::vector<int64_t> closed_ns;
    for (size_t b = 0, begin = 0; b < ends.size(); begin = ends[b++])
      closed_ns.push_back(ends[b] - begin == config.size ? at_ns[ends[b] - 1] : at_ns[begin] + timeout_ns);
    auto groups = batch_ends(closed_ns, config.groups, timeout_ns * config.groups);
    for (auto& end : groups) end = ends[end - 1];
    ends = std::move(groups);
  }
  const auto at = static_cast<size_t>(std::lower_bound(queries.begin(), queries.end(), seq) - queries.begin());
  const auto end = std::upper_bound(ends.begin(), ends.end(), at);
  const auto begin = end == ends.begin() ? 0 : *(end - 1);
  common::Batch batch{queries[begin], static_cast<uint32_t>(*end - begin), static_cast<uint32_t>(at - begin), 0,
                      config.level};
  for (auto i = begin; i < *end; ++i) batch.longest = std::max(batch.longest, streams.words(queries[i]));
  return batch;
}

void Batcher::run(const sage::OpInput& in, sage_op_output& out) {
  const common::MessageReader input(in.bytes(), "batch");
  const auto batch = batch_of(streams_, config_, in.request().seq);

  message_.clear();
  for (const auto section : {common::Section::sizes, common::Section::query, common::Section::context})
    message_.put(section, input.get(section));
  message_.put_array(common::Section::batch, std::span(&batch, 1));
  common::deliver(message_, out);
}

}  // namespace operators::rag

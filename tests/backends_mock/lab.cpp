#include "lab.hpp"

#include <stdexcept>

namespace lab {

sage::Description one_stage(double cost_ns, uint32_t key_by) {
  sage::Description description;
  description.stages = {{.name = "serve", .operator_name = "serve", .key_by = key_by, .cost_base_ns = cost_ns}};
  description.pipelines = {{"serve", {{0, {}}}}};
  description.classes = {{.name = "all"}};
  return description;
}

sage_request request(uint64_t seq, int64_t after_ns) {
  sage_request row{};
  row.id = seq + 1;
  row.seq = seq;
  row.key = seq;
  row.due_ns = start_ns + after_ns;
  return row;
}

Lab::Lab(Setup setup) : setup_(std::move(setup)), tables_(setup_.description) {
  run_.struct_size = sizeof(run_);
  run_.nodes = setup_.nodes;
  run_.parallelism = setup_.parallelism;
  run_.seed = setup_.seed;
  run_.scheduler = sage::str(setup_.scheduler);
  run_.stages = tables_.stage_pointers.data();
  run_.n_stages = tables_.stage_pointers.size();
  run_.pipelines = tables_.pipeline_pointers.data();
  run_.n_pipelines = tables_.pipeline_pointers.size();
  run_.classes = tables_.class_pointers.data();
  run_.n_classes = tables_.class_pointers.size();
  run_.operators = setup_.operators;
  if (!tables_.node_pointers.empty()) run_.node_descriptions = tables_.node_pointers.data();

  host_.struct_size = sizeof(host_);
  host_.ctx = this;
  host_.now_ns = [](void* ctx) { return static_cast<Lab*>(ctx)->now_ns_; };
  host_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) static_cast<Lab*>(ctx)->take(rows[i]);
  };
  host_.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
    auto& lab = *static_cast<Lab*>(ctx);
    if (lab.on_end) return;
    for (uint64_t i = 0; i < n; ++i) {
      if (lab.ended.contains(rows[i].id - 1)) ++lab.broken_rules;
      lab.spans[rows[i].id - 1].push_back(rows[i]);
    }
  };
  host_.event_done = [](void* ctx, uint64_t event, sage_status status, sage_str text) {
    auto& lab = *static_cast<Lab*>(ctx);
    lab.answers[event] = {status, std::string(sage::view(text)), lab.now_ns_};
  };
  backend_ = std::make_unique<mock::Backend>(sage::Host(&host_), "mock", setup_.options);
  backend_->open(run_);
}

Lab::~Lab() { backend_->close(); }

void Lab::take(const sage_completion& row) {
  if (row.at_ns < last_at_ns_) ++broken_rules;
  last_at_ns_ = row.at_ns;
  const bool terminal = (row.flags & SAGE_COMPLETION_PARTIAL) == 0;
  if (on_end) {
    if (terminal) on_end(row);
    return;
  }
  const auto seq = row.id - 1;
  if (ended.contains(seq)) ++broken_rules;
  auto& kept = (terminal ? ended : partial)[seq] = row;
  kept.result = {};
  if (!terminal) return;
  results[seq] = std::string(static_cast<const char*>(row.result.ptr), row.result.size);
  order.push_back(seq);
}

bool Lab::try_offer(const sage_request& row) { return backend_->submit({&row, 1}) == 1; }

void Lab::offer(const sage_request& row) {
  auto next_ns = backend_->advance(std::max(now_ns_, row.due_ns));
  now_ns_ = std::max(now_ns_, row.due_ns);
  while (!try_offer(row)) {
    if (next_ns == INT64_MAX) throw std::runtime_error("the backend is full and nothing happens any more");
    now_ns_ = std::max(now_ns_, next_ns);
    next_ns = backend_->advance(now_ns_);
  }
}

void Lab::advance(int64_t after) {
  // The host's clock follows the events, so that what happens between is stamped with its own time.
  const auto until_ns = start_ns + after;
  for (auto next_ns = backend_->advance(now_ns_); next_ns <= until_ns; next_ns = backend_->advance(now_ns_))
    now_ns_ = next_ns;
  now_ns_ = until_ns;
}

void Lab::finish() {
  for (auto next_ns = backend_->advance(now_ns_); next_ns != INT64_MAX; next_ns = backend_->advance(now_ns_))
    now_ns_ = next_ns;
}

uint64_t Lab::control(uint32_t kind, const std::string& target, const sage::Json& args) {
  const auto text = args.dump();
  const auto id = ++events_;
  backend_->control({id, now_ns_, sage::str(target), sage::str(text), kind, 0, 0});
  return id;
}

}  // namespace lab

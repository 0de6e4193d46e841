#include "mock/model.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "mock/control.hpp"

namespace mock {
namespace {

Policy read_policy(const sage_run& run) {
  const auto scheduler = sage::view(run.scheduler);
  if (scheduler == "fifo" || scheduler == "default" || scheduler.empty()) return {};
  if (scheduler == "priority") return {.by_priority = true};
  if (scheduler == "slo_aware") return {.by_deadline = true};
  if (scheduler == "hybrid") return {.by_priority = true, .by_deadline = true};
  if (scheduler == "load_aware") return {.by_load = true};
  throw sage::Failure(SAGE_INVALID,
                      "mock: scheduler is '" + std::string(scheduler) +
                          "'; this backend has default (fifo), fifo, priority, slo_aware, hybrid and load_aware");
}

// A class without an objective comes after all that have one.
std::vector<int64_t> read_slos(const sage_run& run) {
  constexpr int64_t day_ns = 86'400'000'000'000;
  std::vector<int64_t> slos;
  for (uint64_t c = 0; c < run.n_classes; ++c)
    slos.push_back(run.classes[c]->slo_response_ns > 0 ? run.classes[c]->slo_response_ns : day_ns);
  return slos;
}

}  // namespace

Model::Model(sage::Host host, const Options& options, const sage_run& run)
    : options_(options),
      topology_(read_topology(run)),
      service_times_(options, run.seed, topology_.steps_max),
      policy_(read_policy(run)),
      slo_ns_(read_slos(run)),
      drivers_(topology_, options),
      cluster_(topology_, options, std::max(1U, run.nodes), policy_.by_load),
      requests_(topology_.steps_max),
      outbox_(host, options.real_clock) {
  if (options.operators) operators_ = std::make_unique<Operators>(run, topology_);
}

size_t Model::submit(int64_t now_ns, std::span<const sage_request> rows) {
  size_t taken = 0;
  for (const auto& row : rows) {
    if (row.pipeline >= topology_.pipelines.size()) {
      if (taken != 0) break;  // the rows before it are taken; it is reported when it comes again
      throw sage::Failure(SAGE_INVALID, "mock: request " + std::to_string(row.seq) + " names pipeline " +
                                            std::to_string(row.pipeline) + ", which does not exist");
    }
    const auto& pipeline = topology_.pipelines[row.pipeline];
    if (!options_.reject_when_full && !admits(pipeline)) break;
    const auto slot = requests_.add(row);
    const auto steps = requests_.steps(slot);
    for (uint32_t step = 0; step < pipeline.steps.size(); ++step)
      steps[step] = {.missing = static_cast<uint32_t>(pipeline.steps[step].inputs.size())};
    ++outstanding_;
    ++taken;
    if (drivers_.cost_nothing())
      begin(now_ns, slot);
    else
      drivers_.take(now_ns, slot, row);
  }
  outbox_.flush();
  return taken;
}

int64_t Model::play(int64_t until_ns) {
  for (;;) {
    const auto leaves_ns = drivers_.next_ns();
    if (const auto happening = cluster_.next(std::min(until_ns, leaves_ns))) {
      if (happening->kind == Happening::Kind::first_token)
        first_token(*happening);
      else
        finished(*happening);
      confirm();
    } else if (leaves_ns <= until_ns && !drivers_.empty()) {
      begin(leaves_ns, drivers_.leave());
    } else {
      break;
    }
  }
  confirm();
  outbox_.flush();
  return std::min(cluster_.next_ns(), drivers_.next_ns());
}

void Model::control(int64_t now_ns, const sage_event& event) {
  if (event.kind == SAGE_EVENT_MARK) return outbox_.event_done(event.id, SAGE_OK, "");
  const auto control = read_control(event, topology_);
  if (const auto* change = std::get_if<Change>(&control)) {
    cluster_.request(now_ns, *change);
  } else {
    for (const auto& job : cluster_.apply(now_ns, std::get<Fault>(control))) lost(now_ns, job);
    outbox_.event_done(event.id, SAGE_OK, "");
  }
  confirm();
}

size_t Model::memory_bytes() const {
  return requests_.memory_bytes() + cluster_.memory_bytes() + (operators_ ? operators_->memory_bytes() : 0);
}

// Back-pressure reaches the source at once: nothing is taken for a pipeline any of whose queues is full. A queue behind
// the first can exceed its capacity by what was already on its way to it, and the pipeline cannot deadlock.
bool Model::admits(const PipelineSpec& pipeline) const {
  return std::none_of(pipeline.steps.begin(), pipeline.steps.end(),
                      [&](const StepSpec& step) { return cluster_.full(step.stage); });
}

void Model::begin(int64_t now_ns, uint32_t slot) {
  for (const auto root : pipeline_of(slot).roots) enter(now_ns, slot, root);
  release_if_idle(slot);
}

void Model::enter(int64_t now_ns, uint32_t slot, uint32_t step) {
  auto& request = requests_[slot];
  if (request.ended) return;
  const auto& pipeline = pipeline_of(slot);
  const auto& spec = pipeline.steps[step];
  const auto& stage = topology_.stages[spec.stage];
  if (options_.reject_when_full && cluster_.full(spec.stage)) return end(now_ns, slot, {.status = SAGE_DONE_REJECTED});
  const auto service = service_times_.draw(request.row, stage, step);
  const auto streams = step + 1 == pipeline.steps.size() && request.row.units_out > 1;
  ++request.live;
  cluster_.offer(now_ns, spec.stage,
                 {.task = requests_.task(slot, step),
                  .from_node = node_of_inputs(slot, spec),
                  .first_ns = streams ? service.first_ns : 0,
                  .total_ns = service.total_ns,
                  .route = stage.keyed() ? route(slot, step) : 0,
                  .level = policy_.by_priority ? request.row.priority : 0U,
                  .deadline_ns = policy_.by_deadline ? request.row.due_ns + slo_ns_[request.row.class_id] : 0});
}

void Model::first_token(const Happening& happening) {
  auto& request = requests_[requests_.slot_of(happening.task)];
  if (request.ended || request.first_sent) return;
  request.first_sent = true;
  sage_completion row{};
  row.id = request.row.id;
  row.at_ns = happening.at_ns;
  row.begun_ns = request.begun_ns != 0 ? request.begun_ns : happening.begin_ns;
  row.flags = SAGE_COMPLETION_PARTIAL;
  row.units = 1;
  row.node = happening.node;
  outbox_.complete(row);
}

void Model::finished(const Happening& happening) {
  const auto slot = requests_.slot_of(happening.task);
  const auto step = requests_.step_of(happening.task);
  auto& request = requests_[slot];
  --request.live;
  if (request.ended) return release_if_idle(slot);
  auto& state = requests_.steps(slot)[step];
  state = {happening.begin_ns, happening.at_ns, happening.node, 0, true};
  request.begun_ns = request.begun_ns == 0 ? state.begin_ns : std::min(request.begun_ns, state.begin_ns);

  const auto& pipeline = pipeline_of(slot);
  const auto& spec = pipeline.steps[step];
  End how{.node = happening.node, .units = request.row.units_out};
  if (operators_) {
    const auto result = operators_->run(happening.task, spec, step, route(slot, step), request.row);
    how.status = result.ok ? SAGE_DONE_OK : SAGE_DONE_ERROR;
    how.digest = result.digest;
    if (result.units != 0) how.units = result.units;
    if (result.ok) how.result = operators_->output(happening.task);
  }
  if (how.status != SAGE_DONE_OK || spec.next.empty()) {
    end(happening.at_ns, slot, how);
  } else {
    for (const auto next : spec.next)
      if (--requests_.steps(slot)[next].missing == 0) enter(happening.at_ns, slot, next);
  }
  release_if_idle(slot);
}

void Model::lost(int64_t now_ns, const Lost& lost) {
  const auto slot = requests_.slot_of(lost.job.task);
  auto& request = requests_[slot];
  if (options_.resend && !request.ended && (request.row.flags & SAGE_REQUEST_IDEMPOTENT) != 0) {
    cluster_.offer(now_ns, lost.stage, lost.job);
    return;
  }
  --request.live;
  if (!request.ended) end(now_ns, slot, {.status = SAGE_DONE_ERROR, .node = lost.node});
  release_if_idle(slot);
}

// The request's one terminal completion. Other branches of it that still wait or execute are not called back.
void Model::end(int64_t now_ns, uint32_t slot, const End& how) {
  auto& request = requests_[slot];
  const auto& pipeline = pipeline_of(slot);
  const auto steps = requests_.steps(slot);
  for (uint32_t step = 0; step < pipeline.steps.size(); ++step)
    if (const auto& state = steps[step]; state.done)
      outbox_.span({request.row.id, state.begin_ns, state.end_ns, static_cast<uint16_t>(pipeline.steps[step].stage),
                    static_cast<uint16_t>(step), state.node, 0});
  request.ended = true;
  --outstanding_;
  sage_completion row{};
  row.id = request.row.id;
  row.at_ns = now_ns;
  row.begun_ns = request.begun_ns;
  row.digest = how.digest;
  row.result = how.result;
  row.status = how.status;
  row.units = how.status == SAGE_DONE_OK ? how.units : 0;
  row.node = how.node;
  outbox_.complete(row);
}

void Model::release_if_idle(uint32_t slot) {
  const auto& request = requests_[slot];
  if (request.ended && request.live == 0) requests_.release(slot);
}

void Model::confirm() {
  for (const auto& confirmation : cluster_.take_confirmations())
    outbox_.event_done(confirmation.event, confirmation.objection.empty() ? SAGE_OK : SAGE_FAILED,
                       confirmation.objection);
}

// What a keyed stage is routed by. Without operators there are no intermediate results to read the key from: then each
// request and step has a key of its own.
uint64_t Model::route(uint32_t slot, uint32_t step) {
  const auto& row = requests_[slot].row;
  const auto& spec = pipeline_of(slot).steps[step];
  if (topology_.stages[spec.stage].key_by != SAGE_KEY_INPUT) return row.key;
  sage_bytes input = row.payload;
  if (!spec.inputs.empty())
    input = operators_ ? operators_->output(requests_.task(slot, spec.inputs[0])) : sage_bytes{};
  if (input.size < sizeof(uint64_t)) return sage::Draw::mix(row.key + step);
  uint64_t key = 0;
  const auto* bytes = static_cast<const unsigned char*>(input.ptr);
  for (size_t i = sizeof(key); i-- > 0;) key = key << 8 | bytes[i];
  return key;
}

uint32_t Model::node_of_inputs(uint32_t slot, const StepSpec& step) {
  if (step.inputs.empty()) return no_node;
  const auto steps = requests_.steps(slot);
  const auto node = steps[step.inputs[0]].node;
  const auto same =
      std::all_of(step.inputs.begin(), step.inputs.end(), [&](uint32_t input) { return steps[input].node == node; });
  return same ? node : several_nodes;
}

}  // namespace mock

#include "engine/session.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "records/run_id.hpp"

namespace host::engine {

namespace {

constexpr uint64_t max_series = 4096;

metrics::Outcome outcome_of(int32_t status) {
  switch (status) {
    case SAGE_DONE_OK:
      return metrics::Outcome::ok;
    case SAGE_DONE_TIMEOUT:
      return metrics::Outcome::timeout;
    case SAGE_DONE_REJECTED:
      return metrics::Outcome::rejected;
    case SAGE_DONE_CANCELLED:
      return metrics::Outcome::cancelled;
    default:
      return metrics::Outcome::error;
  }
}

}  // namespace

Session::Session(const EngineConfig& c, const EngineInput& input, CallWatch* watch)
    : config(c),
      clock(c.virtual_time),
      parity(c.parity_check),
      timeline(c.load.total_requests),
      input_(input),
      watch_(watch) {
  if (!c.log_file.empty()) log_file_.open(c.log_file, std::ios::app);
  services_.struct_size = sizeof(sage_host);
  services_.abi_minor = SAGE_ABI_MINOR;
  services_.ctx = this;
  services_.now_ns = [](void* ctx) { return of(ctx).clock.now_ns(); };
  services_.log = [](void* ctx, int32_t level, sage_str text) { of(ctx).log(level, sage::view(text)); };
  services_.fail = [](void*, sage_str text) { set_failure_text(sage::view(text)); };
  services_.series = [](void* ctx, sage_str name, sage_str unit) {
    return of(ctx).open_series(sage::view(name), sage::view(unit));
  };
  services_.emit = [](void* ctx, const sage_record* rows, uint64_t n) { of(ctx).emit(rows, n); };
  services_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) { of(ctx).complete(rows, n); };
  services_.spans = [](void* ctx, const sage_span* rows, uint64_t n) { of(ctx).spans(rows, n); };
  services_.event_done = [](void* ctx, uint64_t id, sage_status status, sage_str text) {
    auto& session = of(ctx);
    const std::scoped_lock lock(session.mutex_);
    session.event_reports_.push_back({id, status, std::string(sage::view(text)), session.clock.now_ns()});
  };
  services_.get_extension = [](void*, const char* id) -> const void* {
    static constexpr sage_metadata metadata = {sizeof(sage_metadata), 0, [](void* ctx, sage_str key, sage_str value) {
                                                 of(ctx).set_metadata(sage::view(key), sage::view(value));
                                               }};
    return std::string_view(id) == SAGE_METADATA_EXTENSION ? &metadata : nullptr;
  };
}

Session::~Session() = default;

void Session::create() {
  workload.create(*input_.workload, &services_, input_.workload_config, watch_);
  backend.create(*input_.backend, &services_, input_.backend_config, watch_);
  keep_rows = workload.settles() || workload.has_events() || config.log_requests;
  slots = std::make_unique<SlotTable>(config.load.max_in_flight);
  lanes = std::make_unique<Lanes>(LaneShape{workload.classes.size(), workload.tenants.size(), workload.stages.size()});
}

void Session::log(int32_t level, std::string_view text) const {
  static constexpr const char* names[] = {"debug", "info", "warning", "error"};
  if (level >= SAGE_LOG_INFO && log_file_.is_open()) {
    const std::scoped_lock lock(log_mutex_);
    log_file_ << records::utc_iso8601(std::chrono::system_clock::now()) << ' ' << names[std::clamp(level, 0, 3)] << ": "
              << text << std::endl;  // a crash must not take the last words along
  }
  if (level < (config.verbose ? SAGE_LOG_DEBUG : SAGE_LOG_WARNING)) return;
  fmt::print(stderr, "sage-host: {}: {}\n", names[std::clamp(level, 0, 3)], text);
}

uint64_t Session::done() const {
  uint64_t sum = 0;
  lanes->for_each([&](const Lane& lane) { sum += lane.done.get(); });
  return sum;
}

void Session::complete(const sage_completion* rows, uint64_t n) {
  if (n == 0 || lanes == nullptr) return;
  auto& lane = lanes->mine();
  if (closed.load(std::memory_order_relaxed)) {
    lane.after_close.add(n);
    return;
  }
  // one clock read a batch: 20 ns, as much as everything else a request costs here
  const auto now = clock.now_ns();
  for (uint64_t i = 0; i < n; ++i) complete_one(lane, rows[i], now);
  lane.rows.commit();
  feed_wake.notify();
}

void Session::complete_one(Lane& lane, const sage_completion& row, int64_t now_ns) {
  auto at = row.at_ns == 0 ? now_ns : row.at_ns;
  if (at > now_ns) [[unlikely]] {
    lane.bad_stamps.add();
    at = now_ns;
  }
  if ((row.flags & SAGE_COMPLETION_PARTIAL) != 0) {
    chunk(lane, row, at);
    return;
  }
  Slot* slot = nullptr;
  switch (slots->claim(row.id, slot)) {
    case SlotTable::Claim::claimed:
      break;
    case SlotTable::Claim::late:
      lane.late.add();
      return;
    case SlotTable::Claim::duplicate:
      lane.duplicate.add();
      return;
    case SlotTable::Claim::unexpected:
      lane.unexpected.add();
      return;
  }
  finish(lane, *slot, outcome_of(row.status), &row, at);
  SlotTable::release(*slot);
}

void Session::chunk(Lane& lane, const sage_completion& row, int64_t at_ns) {
  auto* slot = slots->find(row.id);
  if (slot == nullptr) {
    lane.late.add();
    return;
  }
  constexpr auto relaxed = std::memory_order_relaxed;
  const auto previous = slot->chunk_ns.load(relaxed);
  const auto warmup = (slot->flags.load(relaxed) & SAGE_REQUEST_WARMUP) != 0;
  if (previous == 0) {
    slot->first_ns.store(at_ns, relaxed);
  } else if (row.units != 0 && !warmup) {
    const auto& shape = lanes->shape();
    auto& cell =
        lane.cell(shape.cell(slot->phase.load(relaxed), slot->class_id.load(relaxed), slot->tenant.load(relaxed)));
    cell.itl.record((at_ns - previous) / row.units, row.units);
  }
  slot->chunk_ns.store(at_ns, relaxed);
  slot->chunk_units.store(slot->chunk_units.load(relaxed) + row.units, relaxed);
}

records::RequestRow Session::row_of(const Slot& slot, metrics::Outcome outcome, const sage_completion* completion,
                                    int64_t at_ns) const {
  constexpr auto relaxed = std::memory_order_relaxed;
  const auto from_start = [&](int64_t ns) { return ns == 0 ? -1 : ns - start_ns; };
  const auto due = slot.due_ns.load(relaxed);
  const auto sent = slot.sent_ns.load(relaxed);
  const auto units = completion == nullptr ? 0 : completion->units;
  return {.seq = slot.seq.load(relaxed),
          .due_ns = due - start_ns,
          .sent_ns = (sent == 0 ? due : sent) - start_ns,
          .begun_ns = completion == nullptr ? -1 : from_start(completion->begun_ns),
          .first_ns = from_start(slot.first_ns.load(relaxed)),
          .done_ns = at_ns - start_ns,
          .digest = completion == nullptr ? 0 : completion->digest,
          .class_id = static_cast<uint8_t>(slot.class_id.load(relaxed)),
          .tenant = static_cast<uint8_t>(slot.tenant.load(relaxed)),
          .phase = slot.phase.load(relaxed),
          .outcome = static_cast<uint8_t>(outcome),
          .node = static_cast<uint16_t>(completion == nullptr ? 0 : std::min<uint32_t>(completion->node, 65535)),
          .units = static_cast<uint16_t>(std::min<uint32_t>(units, 65535))};
}

void Session::finish(Lane& lane, Slot& slot, metrics::Outcome outcome, const sage_completion* completion,
                     int64_t at_ns) {
  constexpr auto relaxed = std::memory_order_relaxed;
  const auto due = slot.due_ns.load(relaxed);
  const auto sent = slot.sent_ns.load(relaxed);
  const auto first = slot.first_ns.load(relaxed);
  const auto flags = slot.flags.load(relaxed);
  const auto seq = slot.seq.load(relaxed);
  if (at_ns < sent) [[unlikely]] {
    lane.bad_stamps.add();
    at_ns = sent;
  }
  const auto class_id = slot.class_id.load(relaxed);
  const auto index = static_cast<size_t>(outcome);
  const uint32_t units = completion == nullptr ? 0 : completion->units;
  bool good = false;

  lane.outcomes[index].add();
  if (outcome == metrics::Outcome::ok && completion != nullptr && seq < parity.limit())
    parity.note(seq, completion->digest);
  if ((flags & SAGE_REQUEST_WARMUP) == 0) {
    auto& cell = lane.cell(lanes->shape().cell(slot.phase.load(relaxed), class_id, slot.tenant.load(relaxed)));
    cell.outcomes[index].add();
    if (outcome == metrics::Outcome::ok) {
      const auto& slo = *workload.classes[class_id];
      const auto response = at_ns - due;
      bool met = slo.slo_response_ns == 0 || response <= slo.slo_response_ns;
      cell.response.record(response);
      cell.service.record(at_ns - sent);
      if (first != 0) {
        cell.ttft.record(first - due);
        cell.ttft_service.record(first - sent);
        met = met && (slo.slo_ttft_ns == 0 || first - due <= slo.slo_ttft_ns);
        if (units >= 2) {
          const auto tpot = (at_ns - first) / (units - 1);
          cell.tpot.record(tpot);
          met = met && (slo.slo_tpot_ns == 0 || tpot <= slo.slo_tpot_ns);
        }
        // the terminal completion closes the last chunk
        if (const auto delivered = slot.chunk_units.load(relaxed); units > delivered)
          cell.itl.record((at_ns - slot.chunk_ns.load(relaxed)) / (units - delivered), units - delivered);
      } else {
        met = met && slo.slo_ttft_ns == 0 && (slo.slo_tpot_ns == 0 || units < 2);
      }
      cell.units_out.add(units);
      const auto in_window = at_ns <= window_end_ns.load(relaxed);
      good = met;
      if (met) cell.slo_met.add();
      if (in_window) cell.ok_in_window.add();
      if (met && in_window) cell.slo_in_window.add();
      if (completion != nullptr && completion->digest != 0) {
        lane.digested.add();
        lane.digest.store(lane.digest.load(relaxed) ^ sage::Draw::mix(completion->digest + sage::Draw::mix(seq + 1)),
                          relaxed);
      }
    }
  }
  lane.done.add();
  if (slot.sampled.load(relaxed) != 0) [[unlikely]]
    timeline.end(slot.sampled.load(relaxed), row_of(slot, outcome, completion, at_ns));
  if (!keep_rows) return;

  DoneRow done;
  done.row = row_of(slot, outcome, completion, at_ns);
  done.units = units;
  done.flags = flags;
  done.pipeline = slot.pipeline.load(relaxed);
  done.priority = slot.priority.load(relaxed);
  done.good = good ? 1 : 0;
  const auto has_result = completion != nullptr && completion->result.ptr != nullptr;
  done.result_size =
      has_result ? static_cast<uint32_t>(std::min<uint64_t>(completion->result.size, RowRing::result_max)) : 0;
  if (!lane.rows.push(done, has_result ? completion->result.ptr : nullptr)) lane.rows_dropped.add();
}

void Session::spans(const sage_span* rows, uint64_t n) {
  if (n == 0 || lanes == nullptr || closed.load(std::memory_order_relaxed)) return;
  constexpr auto relaxed = std::memory_order_relaxed;
  auto& lane = lanes->mine();
  for (uint64_t i = 0; i < n;) {
    auto end = i + 1;
    while (end < n && rows[end].id == rows[i].id) ++end;
    const auto* slot = slots->find(rows[i].id);
    if (slot != nullptr && (slot->flags.load(relaxed) & SAGE_REQUEST_WARMUP) == 0) {
      const auto& pipeline = *workload.pipelines[slot->pipeline.load(relaxed)];
      const auto sampled = slot->sampled.load(relaxed);
      for (auto k = i; k < end; ++k) {
        const auto& span = rows[k];
        if (span.step >= pipeline.n_steps || span.stage >= workload.stages.size()) continue;
        if (sampled != 0) [[unlikely]]
          timeline.step(sampled, slot->seq.load(relaxed), span);
        // ready when the latest of its inputs ended; the first steps when the request was sent
        auto ready = slot->sent_ns.load(relaxed);
        const auto& step = *pipeline.steps[span.step];
        for (uint32_t input = 0; input < step.n_inputs; ++input)
          for (auto earlier = i; earlier < k; ++earlier)
            if (rows[earlier].step == step.inputs[input]) ready = std::max(ready, rows[earlier].end_ns);
        auto& stage = lane.stage(span.stage);
        stage.wait.record(span.begin_ns - ready);
        stage.service.record(span.end_ns - span.begin_ns);
      }
    }
    i = end;
  }
}

uint32_t Session::open_series(std::string_view name, std::string_view unit) {
  const std::scoped_lock lock(mutex_);
  for (size_t i = 0; i < series_.size(); ++i)
    if (series_[i].summary.name == name) return static_cast<uint32_t>(i);
  if (series_.size() >= max_series) return UINT32_MAX;
  series_.push_back({{std::string(name), std::string(unit), 0, 0, 0, 0, 0}, 0});
  return static_cast<uint32_t>(series_.size() - 1);
}

void Session::emit(const sage_record* rows, uint64_t n) {
  const std::scoped_lock lock(mutex_);
  for (uint64_t i = 0; i < n; ++i) {
    if (rows[i].series >= series_.size()) continue;
    auto& [s, sum] = series_[rows[i].series];
    const auto value = rows[i].value;
    s.min = s.count == 0 ? value : std::min(s.min, value);
    s.max = s.count == 0 ? value : std::max(s.max, value);
    s.last = value;
    ++s.count;
    sum += value;
    s.mean = sum / static_cast<double>(s.count);
  }
}

void Session::set_metadata(std::string_view key, std::string_view value) {
  auto json = nlohmann::json::parse(value, nullptr, false);
  if (json.is_discarded()) return log(SAGE_LOG_WARNING, fmt::format("metadata '{}' is not JSON", key));
  const std::scoped_lock lock(mutex_);
  metadata_[std::string(key)] = std::move(json);
}

nlohmann::json Session::metadata() const {
  const std::scoped_lock lock(mutex_);
  return metadata_;
}

std::vector<PendingEvent> Session::take_event_reports() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(event_reports_, {});
}

std::vector<records::SeriesSummary> Session::series_summaries() const {
  const std::scoped_lock lock(mutex_);
  std::vector<records::SeriesSummary> out;
  for (const auto& s : series_) out.push_back(s.summary);
  return out;
}

}  // namespace host::engine

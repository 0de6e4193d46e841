#include "engine/plan.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <iterator>

#include "base/error.hpp"

namespace host::engine {

namespace {
constexpr int64_t forever = INT64_MAX;
// How far ahead control events are pulled where no row's due time says how far the schedule has come.
constexpr int64_t event_horizon_ns = 60'000'000'000;
}  // namespace

Plan::Plan(Session& session)
    : session_(session),
      load_(session.config.load),
      arrivals_(load_.arrival == load::Arrival::closed ? nullptr : load::make_arrivals(load_)),
      offline_(load_.arrival == load::Arrival::offline) {}

nlohmann::json Plan::notes() const { return arrivals_ == nullptr ? nlohmann::json::object() : arrivals_->notes(); }

void Plan::fill_block() {
  next_ = size_ = 0;
  const auto limit = load_.total_requests != 0 ? load_.warmup_items + load_.total_requests : UINT64_MAX;
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(block_size, limit - next_seq_));
  const auto drawn = draw(wanted);
  const auto filled = drawn == 0 ? 0 : session_.workload.plan({rows_.data(), drawn});
  check_rows(filled);
  size_ = filled;
  next_seq_ += filled;
  if (cut_by_time(filled)) return;
  pull_events(paced() ? last_due_ns_ : session_.clock.now_ns() - session_.ledger->start_ns + event_horizon_ns);
  if (filled == wanted && next_seq_ != limit) return;
  // The window ends where the next request would have come, so that it holds exactly the offered ones.
  load::Due after{};
  if (!paced()) {
    end(forever);
  } else if (filled == wanted && arrivals_->next(&after, 1) == 1) {
    end(last_due_ns_ + after.at_ns - last_drawn_ns_);
  } else {
    const auto measured = next_seq_ > load_.warmup_items ? next_seq_ - load_.warmup_items : 0;
    const auto gap = measured < 2 ? 0 : (last_due_ns_ - first_measured_ns_) / static_cast<int64_t>(measured - 1);
    end(last_due_ns_ + gap);
  }
}

// Rows as far as the host knows them.
size_t Plan::draw(size_t wanted) {
  for (size_t i = 0; i < wanted; ++i) {
    rows_[i] = {};
    rows_[i].seq = next_seq_ + i;
  }
  if (arrivals_ == nullptr) return wanted;
  std::array<load::Due, block_size> dues;
  const auto drawn = arrivals_->next(dues.data(), wanted);
  for (size_t i = 0; i < drawn; ++i) {
    auto& row = rows_[i];
    row.due_ns = dues[i].at_ns;
    row.key = dues[i].key;
    row.units_in = dues[i].units_in;
    row.units_out = dues[i].units_out;
    burst_[i] = dues[i].burst;
    last_drawn_ns_ = dues[i].at_ns;
  }
  return drawn;
}

void Plan::check_rows(size_t filled) {
  const auto& w = session_.workload;
  const auto pipelines = w.pipelines.size(), classes = w.classes.size(), tenants = w.tenants.size();
  for (size_t i = 0; i < filled; ++i) {
    const auto& row = rows_[i];
    if (row.pipeline >= pipelines || row.class_id >= classes || row.tenant >= tenants) [[unlikely]]
      throw base::Error(
          base::Exit::failed,
          fmt::format("the workload planned request {} with pipeline {} of {}, class {} of {}, tenant {} of {}",
                      row.seq, row.pipeline, pipelines, row.class_id, classes, row.tenant, tenants));
    if ((row.flags & ~(SAGE_REQUEST_FLAGS & ~SAGE_REQUEST_WARMUP)) != 0) [[unlikely]]
      throw base::Error(base::Exit::failed,
                        fmt::format("the workload planned request {} with the flags {:#x}; it may set {:#x}", row.seq,
                                    row.flags, SAGE_REQUEST_IDEMPOTENT));
    if (row.due_ns < last_due_ns_)
      throw base::Error(base::Exit::failed, fmt::format("the workload's due times decrease at request {}", row.seq));
    const auto before_ns = std::exchange(last_due_ns_, row.due_ns);
    if (row.seq != load_.warmup_items) continue;
    first_measured_ns_ = row.due_ns;
    window_begin_ns_ = load::begins_anew(load_) ? before_ns : row.due_ns;
    if (load_.duration_s > 0 && paced())
      session_.ledger->window_end_ns.store(
          session_.ledger->start_ns + window_begin_ns_ + static_cast<int64_t>(load_.duration_s * 1e9),
          std::memory_order_relaxed);
  }
}

// Bounded by time: what is due at or after the end is not offered.
bool Plan::cut_by_time(size_t filled) {
  const auto window_end = session_.ledger->window_end_ns.load(std::memory_order_relaxed);
  if (load_.duration_s <= 0 || !paced() || window_end == forever) return false;
  const auto end_ns = window_end - session_.ledger->start_ns;
  const auto kept = std::find_if(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(filled),
                                 [&](const sage_request& row) { return row.due_ns >= end_ns; });
  size_ = static_cast<size_t>(kept - rows_.begin());
  if (size_ == filled) return false;
  end(end_ns);
  return true;
}

std::vector<ControlEvent> Plan::events_after_end() const {
  std::vector<ControlEvent> out;
  std::ranges::copy_if(events_, std::back_inserter(out),
                       [&](const ControlEvent& event) { return event.due_ns > events_until_ns_; });
  return out;
}

void Plan::pull_events(int64_t until_ns) {
  events_until_ns_ = until_ns;
  std::array<sage_event, 64> rows{};
  for (;;) {
    const auto n = session_.workload.events(until_ns, rows);
    for (size_t i = 0; i < n; ++i)
      events_.push_back({rows[i].kind, rows[i].due_ns, std::string(sage::view(rows[i].target)),
                         std::string(sage::view(rows[i].args))});
    if (n < rows.size()) return;
  }
}

void Plan::cut(int64_t end_ns) {
  next_ = size_;
  if (!over_) end(end_ns);
  session_.ledger->window_end_ns.store(session_.ledger->start_ns + end_ns, std::memory_order_relaxed);
}

void Plan::end(int64_t window_end_ns) {
  over_ = true;
  if (window_end_ns == forever) return;
  pull_events(window_end_ns);
  session_.ledger->window_end_ns.store(session_.ledger->start_ns + std::max<int64_t>(window_end_ns, 0),
                                       std::memory_order_relaxed);
}

}  // namespace host::engine

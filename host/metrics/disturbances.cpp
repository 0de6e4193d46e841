#include "metrics/disturbances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace host::metrics {
namespace {

constexpr double goodput_kept = 0.95;
constexpr double tail_allowed = 1.10;
constexpr uint64_t responses_min = 20;  // in a baseline and a hold window: what a median takes

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }
double real(uint64_t n) { return static_cast<double>(n); }

}  // namespace

Disturbances::Disturbances(double hold_window_s) : hold_ns_(std::llround(hold_window_s * 1e9)) {}

void Disturbances::start_baseline(int64_t at_ns, uint64_t offered) {
  calm_.since_ns = at_ns;
  calm_.offered = offered;  // so far; the difference is taken when it is kept
  calm_.good = 0;
  calm_.response.clear();
}

void Disturbances::keep_baseline(int64_t at_ns, uint64_t offered) {
  if (calm_.since_ns < 0 || at_ns - calm_.since_ns < hold_ns_ || calm_.response.count() < responses_min) return;
  baseline_ = std::move(calm_);
  baseline_->length_ns = at_ns - baseline_->since_ns;
  baseline_->offered = offered - baseline_->offered;
  calm_ = {};
}

void Disturbances::begin(uint64_t event, int64_t at_ns, uint64_t offered) {
  if (active_) {
    active_->tick.offered += offered - active_->offered_before;
    conclude(at_ns, nullptr, "the next event struck");
  } else {
    keep_baseline(at_ns, offered);
  }
  calm_.since_ns = -1;
  active_ = Active{};
  active_->event = event;
  active_->begin_ns = active_->last_ok_ns = at_ns;
  active_->next_ns = at_ns + hold_ns_ / static_cast<int64_t>(ticks);
  active_->offered_before = offered;
  judge_by_baseline(*active_);
}

void Disturbances::judge_by_baseline(Active& active) const {
  if (!baseline_ || baseline_->offered == 0 || baseline_->good == 0) {
    active.no_baseline =
        baseline_ ? "nothing was good before it"
                  : fmt::format("no baseline: before it lay less than a hold window of {:g} s with {} ok requests",
                                seconds(hold_ns_), responses_min);
    return;
  }
  const auto expected =
      real(baseline_->response.count()) * static_cast<double>(hold_ns_) / static_cast<double>(baseline_->length_ns);
  active.gap_s = seconds(baseline_->length_ns) / real(baseline_->response.count());
  active.good_share = real(baseline_->good) / real(baseline_->offered);
  active.slow_share = std::max(0.01, 10 / expected);
  active.slow_ns =
      std::llround(tail_allowed * static_cast<double>(baseline_->response.quantile(1 - active.slow_share)));
  if (expected < static_cast<double>(responses_min))
    active.no_baseline = fmt::format("a hold window of {:g} s has {:.1f} ok requests, needs {}", seconds(hold_ns_),
                                     expected, responses_min);
}

void Disturbances::take(std::span<const Ended> rows) {
  for (const auto& row : rows) {
    const auto response_ns = row.done_ns - row.due_ns;
    if (!active_) {
      take_calm(row, buckets::position(response_ns));
      continue;
    }
    auto& a = *active_;
    a.waiting_since_ns = std::min(a.waiting_since_ns, row.due_ns);
    if (!row.ok) {
      ++a.tick.failed;
      continue;
    }
    ++a.tick.ok;
    a.tick.good += row.good ? 1 : 0;
    a.tick.slow += response_ns > a.slow_ns ? 1 : 0;
    // Without a request to serve there is no silence: it begins with the first one due.
    a.longest_ns = std::max(a.longest_ns, row.done_ns - std::max(a.last_ok_ns, a.waiting_since_ns));
    a.last_ok_ns = std::max(a.last_ok_ns, row.done_ns);
    a.waiting_since_ns = INT64_MAX;
  }
}

void Disturbances::tick(int64_t now_ns, uint64_t offered) {
  if (!active_ || now_ns < active_->next_ns) return;
  auto& a = *active_;
  a.tick.offered = offered - a.offered_before;
  a.offered_before = offered;
  add(a.total, a.tick);
  a.window[a.ticked++ % ticks] = a.tick;
  a.tick = {};
  a.next_ns = std::max(a.next_ns + hold_ns_ / static_cast<int64_t>(ticks), now_ns);
  if (a.ticked < ticks) return;
  Counts window;
  for (const auto& tick : a.window) add(window, tick);
  if (!recovered(window)) return;
  conclude(now_ns, &window, "");
  start_baseline(now_ns, offered);
}

bool Disturbances::recovered(const Counts& window) const {
  const auto& a = *active_;
  if (!a.no_baseline.empty() || window.ok == 0) return false;
  return real(window.good) >= goodput_kept * a.good_share * real(window.offered) &&
         real(window.slow) <= a.slow_share * real(window.ok);
}

void Disturbances::end(int64_t now_ns, uint64_t offered, bool waiting) {
  if (!active_) return;
  auto& a = *active_;
  a.tick.offered += offered - a.offered_before;
  if (waiting || a.waiting_since_ns != INT64_MAX)
    a.longest_ns = std::max(a.longest_ns, now_ns - std::max(a.last_ok_ns, a.begin_ns));
  conclude(now_ns, nullptr, "the run ended");
}

// `window`: the hold window in which it recovered, which is not part of the disturbance; else it is censored.
void Disturbances::conclude(int64_t now_ns, const Counts* window, const std::string& censored_by) {
  auto& a = *active_;
  Result result{a.event, window == nullptr && a.no_baseline.empty(), {}};
  if (window == nullptr) add(a.total, a.tick);
  const auto length_s = seconds(now_ns - a.begin_ns);
  if (!a.no_baseline.empty())
    result.metrics.push_back(missing("recovery_time", a.no_baseline));
  else if (window == nullptr)
    result.metrics.push_back(missing(
        "recovery_time", fmt::format("censored: not recovered after {:.3g} s, when {}", length_s, censored_by)));
  else
    result.metrics.push_back(resolved("recovery_time", length_s - seconds(hold_ns_), seconds(hold_ns_) / ticks));
  if (a.no_baseline.empty()) {
    const auto offered = a.total.offered - (window == nullptr ? 0 : window->offered);
    const auto good = a.total.good - (window == nullptr ? 0 : window->good);
    result.metrics.push_back(measured("goodput_deficit", std::max(0.0, a.good_share * real(offered) - real(good))));
  } else {
    result.metrics.push_back(missing("goodput_deficit", a.no_baseline));
  }
  result.metrics.push_back(measured("failed_requests", real(a.total.failed)));
  const auto gap_s = a.gap_s > 0 ? a.gap_s : a.total.ok == 0 ? 0 : length_s / real(a.total.ok);
  result.metrics.push_back(resolved("downtime", seconds(a.longest_ns), gap_s));
  if (results_.size() < results_max) results_.push_back(std::move(result));
  active_.reset();
}

void Disturbances::add(Counts& to, const Counts& from) {
  to.offered += from.offered;
  to.ok += from.ok;
  to.good += from.good;
  to.slow += from.slow;
  to.failed += from.failed;
}

}  // namespace host::metrics

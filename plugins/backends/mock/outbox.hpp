// What the model tells the host, in batches: a call through the boundary costs 14 ns, a row in a batch 1 ns.
#pragma once

#include <sage/plugin.hpp>

#include <span>
#include <vector>

namespace mock {

class Outbox {
 public:
  Outbox(sage::Host host, bool real_clock) : host_(host), real_clock_(real_clock) {}

  // In real time a row is stamped when it is handed over: the model's own time would hide that its thread woke late.
  void complete(sage_completion row) {
    if (real_clock_) row.at_ns = host_.now_ns();
    completions_.push_back(row);
    // A result lies in memory that the next request may use.
    if (completions_.size() >= batch_rows || row.result.size != 0) flush();
  }
  void span(const sage_span& row) { spans_.push_back(row); }
  void flush() {
    if (!spans_.empty()) host_.spans(spans_);
    spans_.clear();
    if (!completions_.empty()) host_.complete(completions_);
    completions_.clear();
  }
  void event_done(uint64_t event, sage_status status, std::string_view text) {
    flush();
    host_.event_done(event, status, text);
  }

 private:
  static constexpr size_t batch_rows = 256;
  sage::Host host_;
  bool real_clock_;
  std::vector<sage_completion> completions_;
  std::vector<sage_span> spans_;
};

}  // namespace mock

// A mock backend under test: plays the host for it, in virtual time.
#pragma once

#include <sage/plugin.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mock/backend.hpp"

namespace lab {

inline constexpr int64_t us = 1'000;
inline constexpr int64_t ms = 1'000'000;
inline constexpr int64_t s = 1'000'000'000;
inline constexpr int64_t start_ns = s;  // when a run begins; 0 would mean "unknown" in a completion

struct Setup {
  sage::Description description;
  sage::Json options = sage::Json::object();
  uint32_t nodes = 1;
  uint32_t parallelism = 1;
  uint64_t seed = 42;
  std::string scheduler = "default";
  const sage_operators* operators = nullptr;
};

// One stage "serve" that costs `cost_ns`, one pipeline through it.
sage::Description one_stage(double cost_ns, uint32_t key_by = SAGE_KEY_NONE);

// A request of pipeline 0 that is due `after_ns` the start.
sage_request request(uint64_t seq, int64_t after_ns = 0);

struct EventAnswer {
  sage_status status = SAGE_OK;
  std::string text;
  int64_t at_ns = 0;  // the host's clock
};

class Lab {
 public:
  explicit Lab(Setup setup);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Advances to the due time and submits; when it is not taken, again after each event, until it is.
  void offer(const sage_request& row);
  // Submits now, once. True if taken.
  bool try_offer(const sage_request& row);
  void advance(int64_t after_ns);  // to `after_ns` after the start
  void finish();                   // until nothing happens any more
  // Now; returns the event's id. Throws what the backend throws.
  uint64_t control(uint32_t kind, const std::string& target, const sage::Json& args);

  [[nodiscard]] int64_t after_ns() const { return now_ns_ - start_ns; }
  mock::Backend& backend() { return *backend_; }

  // What the backend told. Times are as it gave them.
  std::map<uint64_t, sage_completion> ended;  // by seq; the `result` is not kept
  std::map<uint64_t, sage_completion> partial;
  std::map<uint64_t, std::vector<sage_span>> spans;
  std::map<uint64_t, std::string> results;
  std::map<uint64_t, EventAnswer> answers;  // by event id
  std::vector<uint64_t> order;              // seqs in the order they ended
  uint64_t broken_rules = 0;  // terminal completions after the first, chunks or spans after it, times that go back
  // Set: called with each terminal completion, and nothing above is kept.
  std::function<void(const sage_completion&)> on_end;

  // Relative to the start, in ns.
  int64_t end_of(uint64_t seq) const { return ended.at(seq).at_ns - start_ns; }
  int64_t begin_of(uint64_t seq) const { return ended.at(seq).begun_ns - start_ns; }
  int32_t status_of(uint64_t seq) const { return ended.at(seq).status; }

 private:
  void take(const sage_completion& row);

  const Setup setup_;
  const sage::detail::DescriptionTables tables_;
  sage_run run_{};
  sage_host host_{};
  std::unique_ptr<mock::Backend> backend_;
  int64_t now_ns_ = start_ns;
  int64_t last_at_ns_ = 0;
  uint64_t events_ = 0;
};

// Poisson arrivals, times in ns from the start.
class Arrivals {
 public:
  Arrivals(double rate_per_s, uint64_t seed) : draw_(seed, "test.arrivals"), gap_ns_(1e9 / rate_per_s) {}
  int64_t next() {
    at_ns_ += draw_.exponential(n_++) * gap_ns_;
    return static_cast<int64_t>(at_ns_);
  }

 private:
  sage::Draw draw_;
  double gap_ns_;
  double at_ns_ = 0;
  uint64_t n_ = 0;
};

}  // namespace lab

// Times in which the host itself did not run: it was stopped, its machine slept or was paused, or every core was taken.
// A thread that sleeps knows when it should have woken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace host::machine {

class Gaps {
 public:
  // Shorter ones are what a scheduler does on a busy machine, and show in lateness and timer overshoot.
  static constexpr int64_t shortest_ns = 50'000'000;

  // [owner] A wait that should have ended at `due_ns` did at `now_ns`.
  void woke(int64_t due_ns, int64_t now_ns) {
    if (now_ns - due_ns >= shortest_ns) [[unlikely]]
      add({due_ns, now_ns});
  }
  // What another thread saw: where both saw a gap, it is one.
  void merge(const Gaps& other);

  [[nodiscard]] size_t count() const { return gaps_.size() + left_out_; }
  [[nodiscard]] int64_t total_ns() const;
  struct Gap {
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
  };
  [[nodiscard]] Gap longest() const;  // of none: empty

 private:
  static constexpr size_t kept_max = 10'000;  // that many of them say enough
  void add(const Gap& gap);
  std::vector<Gap> gaps_;
  size_t left_out_ = 0;
};

}  // namespace host::machine

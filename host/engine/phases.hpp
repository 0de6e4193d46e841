// Phases of a run: names in order of first appearance, and for how long each was open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace host::engine {

// Owned by the feed thread; others read once the feed has ended.
class Phases {
 public:
  static constexpr const char* initial_phase = "run";
  static constexpr size_t max = 32;  // as many as a lane has cells for

  Phases() : names_{initial_phase}, seconds_{0} { names_.reserve(max); }
  // The phase that begins at due_ns, from the start of the schedule. The same name continues the same phase; names
  // beyond `max` share the last one.
  void open(std::string_view name, int64_t due_ns);
  // The measured window begins: time before it counts for no phase.
  void begin_window(int64_t at_ns) { since_ns_ = at_ns; }
  void end_window(int64_t at_ns) { close_stretch(at_ns); }
  [[nodiscard]] uint8_t current() const { return current_; }
  // The current phase, for a request that belongs to it.
  uint8_t use() {
    untouched_ = false;
    return current_;
  }
  // Stays valid for the life of this object: room for all names is reserved.
  [[nodiscard]] const char* current_name() const { return names_[current_].c_str(); }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] double seconds(size_t phase) const { return seconds_[phase]; }

 private:
  void close_stretch(int64_t at_ns);
  std::vector<std::string> names_;
  std::vector<double> seconds_;
  int64_t since_ns_ = INT64_MAX;  // no window yet
  uint8_t current_ = 0;
  bool untouched_ = true;  // no request yet: the first open() renames the initial phase
};

}  // namespace host::engine

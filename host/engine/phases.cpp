#include "engine/phases.hpp"

#include <algorithm>

namespace host::engine {

void Phases::close_stretch(int64_t at_ns) {
  if (at_ns <= since_ns_) return;
  seconds_[current_] += static_cast<double>(at_ns - since_ns_) / 1e9;
  since_ns_ = at_ns;
}

void Phases::open(std::string_view name, int64_t due_ns) {
  close_stretch(due_ns);
  if (untouched_ && names_.size() == 1 && names_[0] == initial_phase) {
    names_[0] = name;
    return;
  }
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) {
    current_ = static_cast<uint8_t>(found - names_.begin());
  } else if (names_.size() < max) {
    names_.emplace_back(name);
    seconds_.push_back(0);
    current_ = static_cast<uint8_t>(names_.size() - 1);
  } else {
    current_ = static_cast<uint8_t>(max - 1);
  }
}

}  // namespace host::engine

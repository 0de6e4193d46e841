// The answer to a control event that several workers take part in: given when the last of them lets go of it.
#pragma once

#include <sage/plugin.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace threads {

// Shared by the workers concerned. Let go of it without holding a lock: the destructor calls the host.
class Confirmation {
 public:
  Confirmation(sage::Host host, uint64_t event) : host_(host), event_(event) {}
  Confirmation(const Confirmation&) = delete;
  Confirmation& operator=(const Confirmation&) = delete;
  ~Confirmation() { host_.event_done(event_, status_, text_); }

  void fail(const std::string& text) {
    const std::lock_guard lock(mutex_);
    status_ = SAGE_FAILED;
    text_ = text;
  }

 private:
  const sage::Host host_;
  const uint64_t event_;
  std::mutex mutex_;
  sage_status status_ = SAGE_OK;
  std::string text_;
};

using ConfirmationPtr = std::shared_ptr<Confirmation>;

}  // namespace threads

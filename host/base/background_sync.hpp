// What is written to a file is brought to the disk once a second, on a thread of its own: a slow disk holds up nobody.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/fd.hpp"

namespace host::base {

class BackgroundSync {
 public:
  // Keeps a descriptor of its own to the file. Without it (no thread or descriptor is left) the file is as safe as
  // its own sync() makes it.
  explicit BackgroundSync(int fd) noexcept;
  ~BackgroundSync();
  BackgroundSync(const BackgroundSync&) = delete;
  BackgroundSync& operator=(const BackgroundSync&) = delete;

 private:
  void run() noexcept;
  Fd fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace host::base

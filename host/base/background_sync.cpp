#include "base/background_sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <system_error>

namespace host::base {

namespace {
constexpr auto every = std::chrono::seconds(1);
}

BackgroundSync::BackgroundSync(int fd) noexcept : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)) {
  if (!fd_) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // the run itself will say what is exhausted, if it needs it too
  }
}

BackgroundSync::~BackgroundSync() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BackgroundSync::run() noexcept {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every, [&] { return ending_; })) {
    lock.unlock();
    // an error shows in the sync at the end
    [[maybe_unused]] const auto done = ::fdatasync(fd_.get());
    lock.lock();
  }
}

}  // namespace host::base

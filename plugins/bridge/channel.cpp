#include "bridge/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace bridge {
namespace {

constexpr int64_t ns_per_ms = 1'000'000;
constexpr int poll_ms = 100;
constexpr size_t receive_size = 256U << 10U;
constexpr size_t sent_size_max = 4U << 20U;  // kept at the front of the buffer

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Channel::Channel(Fd socket) : socket_(std::move(socket)), sender_([this] { send_rest(); }) {}

Channel::~Channel() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  rest_.notify_all();
  sender_.join();
}

void Channel::flush() {
  while (sent_ < out_.size()) {
    const auto n = ::send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent_ += static_cast<size_t>(n);
    if (n >= 0 || errno == EINTR) continue;
    broken_ = errno != EAGAIN;
    if (broken_) return;
    if (sent_ > sent_size_max) {
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
      sent_ = 0;
    }
    rest_.notify_all();
    return;
  }
  out_.clear();
  sent_ = 0;
}

void Channel::send_rest() {
  std::unique_lock lock(mutex_);
  while (true) {
    rest_.wait(lock, [this] { return closing_ || (!broken_ && sent_ < out_.size()); });
    if (closing_) return;
    lock.unlock();
    pollfd target = {socket_.get(), POLLOUT, 0};
    poll(&target, 1, poll_ms);
    lock.lock();
    flush();
  }
}

size_t Channel::backlog() {
  const std::lock_guard lock(mutex_);
  return out_.size() - sent_;
}

Channel::Receive Channel::receive(Frame& frame, int64_t timeout_ns) {
  const auto deadline_ns = now_ns() + timeout_ns;
  while (!reader_.next(frame)) {
    const auto left_ns = std::max<int64_t>(0, deadline_ns - now_ns());
    pollfd source = {socket_.get(), POLLIN, 0};
    const int ready = poll(&source, 1, static_cast<int>((left_ns + ns_per_ms - 1) / ns_per_ms));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Receive::timeout;
    const auto room = reader_.room(receive_size);
    const auto n = recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (n > 0) reader_.received(static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return Receive::closed;
  }
  return Receive::frame;
}

void Channel::shut_down() {
  shutdown(socket_.get(), SHUT_RDWR);
  const std::lock_guard lock(mutex_);
  broken_ = true;
}

}  // namespace bridge

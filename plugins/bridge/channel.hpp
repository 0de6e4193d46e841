// The host's end of the socket: frames out without blocking, frames in.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "bridge/child.hpp"
#include "bridge/frame.hpp"

namespace bridge {

class Channel {
 public:
  // A connected stream socket.
  explicit Channel(Fd socket);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // [any] Queues what `append` puts into the buffer it gets, and sends as much as the socket takes; a thread sends the
  // rest. False when the other side is gone.
  template <class Append>
  bool send(Append&& append) {
    const std::lock_guard lock(mutex_);
    if (broken_) return false;
    append(out_);
    flush();
    return !broken_;
  }
  bool send(FrameType type, std::string_view body) {
    return send([&](std::vector<std::byte>& out) { append_frame(out, type, body); });
  }
  // Bytes that the other side has not taken yet.
  [[nodiscard]] size_t backlog();

  enum class Receive { frame, timeout, closed };
  // One thread. `frame` is valid until the next call. Throws std::runtime_error on a stream that is not ours.
  Receive receive(Frame& frame, int64_t timeout_ns);
  // Ends a receive that waits, and everything after it.
  void shut_down();

 private:
  void flush();  // the lock is held
  void send_rest();

  const Fd socket_;
  FrameReader reader_;
  std::mutex mutex_;
  std::condition_variable rest_;
  std::vector<std::byte> out_;
  size_t sent_ = 0;  // of out_
  bool broken_ = false;
  bool closing_ = false;
  std::thread sender_;
};

}  // namespace bridge

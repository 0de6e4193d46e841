// The child process: started without a shell under the guard, its output read line by line, ended for certain.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bridge {

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

class Child {
 public:
  struct Program {
    std::string guard;               // absolute paths
    std::vector<std::string> words;  // the program and its arguments
    std::string folder;              // the run's own; removed when the program has ended
  };
  // Starts it with `socket` as its descriptor 3. `log` gets each line of its output, from a thread of this object's.
  // Throws sage::Failure.
  Child(const Program& program, int socket, std::function<void(std::string_view)> log);
  ~Child();  // ends it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The guard has ended, and so everything below it.
  bool wait_ended(int64_t timeout_ns);
  void end();
  // "ended with exit code 1: <its last line>"; for a child that has ended or is about to.
  [[nodiscard]] std::string ending();
  // Of the program and everything it started.
  [[nodiscard]] uint64_t resident_bytes() const;

 private:
  void read_log(int fd);
  std::function<void(std::string_view)> log_;
  pid_t guard_ = -1;
  Fd guard_handle_;  // pidfd: readable when it has ended
  int status_ = -1;  // of the guard, as waitpid gives it; -1 = not ended
  std::atomic<bool> stopping_{false};
  std::atomic<bool> log_ended_{false};
  std::thread log_thread_;
  std::mutex mutex_;
  std::string last_line_;
};

}  // namespace bridge

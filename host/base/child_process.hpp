// Child processes of the host, with an owner each: one that ends them, waits within a limit, and says how they ended.
// They die with the thread that started them. No shell.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace host::base {

struct Launch {
  std::vector<std::string> words;     // the program, looked up in PATH unless it has a '/', and its arguments
  std::filesystem::path folder = {};  // it works there; empty = ours
  std::filesystem::path errors = {};  // a file for its stderr, and nothing for stdin and stdout; empty = ours, all
  std::vector<int> inherits = {};     // descriptors, beside the standard ones; it gets no others
  bool ignores_stop = false;          // SIGINT, SIGTERM, SIGHUP and SIGPIPE: whoever started it says when to stop
  std::string program = {};           // what is run instead of the first word
};

class ChildProcess {
 public:
  // Returns when the program runs. Throws std::system_error that says why it cannot.
  explicit ChildProcess(const Launch& launch);
  // A copy of this process, which runs `body` and then exits with what that returns.
  explicit ChildProcess(const std::function<int()>& body);
  ~ChildProcess();  // kills it
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] int fd() const { return ended_.get(); }  // readable when it has ended
  void kill();
  // False if it did not end within `limit_ms`; -1 = no limit.
  bool wait(int limit_ms);
  [[nodiscard]] int status() const { return status_; }  // of waitpid, after `wait` returned true

 private:
  pid_t pid_ = -1;  // -1 when it has been waited for
  int status_ = 0;
  Fd ended_;
};

std::string signal_name(int signal);  // "SIGSEGV"

}  // namespace host::base

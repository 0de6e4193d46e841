// The Redis that a run talks to: one of its own, which nobody else reaches and which dies with this process, or one
// that is there already. Whatever waits here does so for `limit_s` at most.
#pragma once

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "connection.hpp"

namespace redis {

// The value of the line "name:value" in the answer to INFO.
inline std::string info_field(const std::string& info, const std::string& name) {
  const auto at = info.find("\n" + name + ":");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

class Server {
 public:
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { stop(); }

  // `address` is HOST:PORT or the path of a Unix socket; empty: `program` is started in `folder`.
  void open(const std::string& address, const std::string& program, const std::string& folder, double limit_s) {
    limit_s_ = limit_s;
    address_ = address.empty() ? folder + "/redis.sock" : address;
    if (address.empty()) start(find(program), folder);
    wait_until_it_answers();
  }

  // What it holds is of this run alone, so there is nothing to save.
  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  // A failure is told in its `err` and `errstr`.
  [[nodiscard]] Context connect() const {
    const auto whole_s = static_cast<time_t>(limit_s_);
    const timeval limit = {whole_s, static_cast<suseconds_t>((limit_s_ - static_cast<double>(whole_s)) * 1e6)};
    const auto colon = address_.rfind(':');
    if (address_.starts_with('/')) return limited(redisConnectUnixWithTimeout(address_.c_str(), limit), limit);
    int port = 0;
    const char* end = address_.data() + address_.size();
    const auto read = std::from_chars(address_.data() + std::min(colon + 1, address_.size()), end, port);
    if (colon == std::string::npos || read.ec != std::errc() || read.ptr != end)
      throw sage::Failure(SAGE_INVALID,
                          "option address: '" + address_ + "' is not HOST:PORT, nor the path of a socket");
    return limited(redisConnectWithTimeout(address_.substr(0, colon).c_str(), port, limit), limit);
  }

  // What it says of itself: the answer to INFO, or nothing and in `why` what the matter is.
  [[nodiscard]] std::string info(std::string& why) const {
    const auto connection = connect();
    const Reply reply(connection->err != 0 ? nullptr
                                           : static_cast<redisReply*>(redisCommand(connection.get(), "INFO")));
    if (reply == nullptr) {
      why = connection->errstr;
    } else if (reply->type != REDIS_REPLY_STRING) {
      why = reply->type == REDIS_REPLY_ERROR ? reply->str : "its answer to INFO is no text";
    } else {
      return {reply->str, reply->len};
    }
    return {};
  }

  [[nodiscard]] bool is_own() const { return pid_ > 0; }

  // Memory of one of its own; of another's process nothing is known.
  [[nodiscard]] uint64_t resident_bytes() const {
    uint64_t pages = 0, resident = 0;
    if (is_own()) std::ifstream("/proc/" + std::to_string(pid_) + "/statm") >> pages >> resident;
    return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }

 private:
  static Context limited(redisContext* made, timeval limit) {
    if (made == nullptr) throw std::bad_alloc();
    if (made->err == 0) redisSetTimeout(made, limit);
    return Context(made);
  }

  static std::string find(const std::string& program) {
    const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
    std::istringstream folders(path == nullptr ? "/usr/bin" : path);
    std::string file = program;
    if (program.find('/') != std::string::npos && access(file.c_str(), X_OK) == 0) return file;
    for (std::string folder; program.find('/') == std::string::npos && std::getline(folders, folder, ':');) {
      file = folder + "/" + program;
      if (access(file.c_str(), X_OK) == 0) return file;
    }
    throw sage::Failure(SAGE_UNAVAILABLE, "there is no program '" + program +
                                              "'; apt install redis-server, or say where it is with --server, or with "
                                              "--address which Redis to use");
  }

  // No shell, no port, nothing on the disk but its log, and an end with this process, whatever ends that.
  void start(const std::string& file, const std::string& folder) {
    if (address_.size() > 107)  // all that the kernel takes
      throw sage::Failure(SAGE_FAILED, "the path of a socket cannot be as long as " + address_ + "; set TMPDIR");
    log_ = folder + "/redis.log";
    std::vector<const char*> words = {file.c_str(), "--port",    "0",         "--unixsocket", address_.c_str(),
                                      "--save",     "",          "--dir",     folder.c_str(), "--unixsocketperm",
                                      "700",        "--logfile", log_.c_str()};
    for (const char* word : {"--appendonly", "no", "--daemonize", "no"}) words.push_back(word);
    words.push_back(nullptr);
    const auto parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("there is no process for redis-server: " + std::string(strerror(errno)));
    if (pid_ > 0) return;
    // No allocation between fork and exec: another thread may have held the lock.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
    close_range(3, ~0U, 0);
    execv(file.c_str(), const_cast<char* const*>(words.data()));
    _exit(127);
  }

  void wait_until_it_answers() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limit_s_);
    while (true) {
      std::string why;
      const auto answer = info(why);
      const bool loading = info_field(answer, "loading") == "1";
      if (!info_field(answer, "redis_version").empty() && !loading) return;
      if (loading) why = "it is still loading its data";
      if (why.empty()) why = "it is no Redis";
      if (is_own() && waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = 0;
        throw sage::Failure(SAGE_FAILED, "redis-server ended at its start: " + last_line_of_log());
      }
      // One that was started needs a moment, and one that loads may need more. Another that cannot be reached is not
      // there.
      if ((!is_own() && !loading) || std::chrono::steady_clock::now() > end)
        throw sage::Failure(SAGE_UNAVAILABLE, "no Redis answers at " + address_ + ": " + why +
                                                  (is_own() ? "" : "; start one there, or leave out --address"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  [[nodiscard]] std::string last_line_of_log() const {
    std::ifstream log(log_);
    std::string line, last = "without a word";
    while (std::getline(log, line))
      if (!line.empty()) last = line;
    return last;
  }

  std::string address_;
  std::string log_;
  double limit_s_ = 0;
  pid_t pid_ = 0;  // of the one that was started
};

}  // namespace redis

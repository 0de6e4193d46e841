// sage-host-guard PARENT FOLDER PROGRAM [ARGS...]: runs a program and makes sure that nothing of it stays.
//
// Everything the program starts, and what its descendants start, ends with it: as subreaper, the guard inherits
// whatever is orphaned below it. It ends all of that, and removes FOLDER, when the program ends, on SIGTERM, and when
// PARENT (who started the guard) dies, also by SIGKILL. Its exit code is the program's, or 128 + the signal that ended
// it.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace {

constexpr int socket_fd = 3;  // the bridge's; the program's alone
constexpr int end_limit_s = 10;

[[noreturn]] void become(char** argv, const sigset_t& blocked) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  execv(argv[0], argv);
  std::perror(argv[0]);
  _exit(127);
}

void let_go_of_streams() {
  close(socket_fd);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
}

void kill_children() {
  const auto self = std::to_string(getpid());
  std::ifstream children("/proc/" + self + "/task/" + self + "/children");
  for (pid_t child = 0; children >> child;) kill(child, SIGKILL);
}

// Children of those we end become our own, so this goes on until there are none.
void end_everything() {
  const auto deadline = std::time(nullptr) + end_limit_s;
  while (std::time(nullptr) <= deadline) {
    kill_children();
    const auto ended = waitpid(-1, nullptr, WNOHANG);
    if (ended < 0 && errno == ECHILD) return;
    if (ended == 0) poll(nullptr, 0, 5);
  }
}

// What is hidden in it goes last: it is how the host knows its folders again, should something be written meanwhile and
// stay.
void remove_folder(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (!entry.path().filename().string().starts_with('.')) std::filesystem::remove_all(entry.path(), error);
  if (!error) std::filesystem::remove_all(folder, error);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: sage-host-guard PARENT FOLDER PROGRAM [ARGS...]; started by sage-host alone\n", stderr);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Of a program without a bridge: nothing of ours may have that number.
  if (fcntl(socket_fd, F_GETFD) < 0) (void)open("/dev/null", O_RDWR | O_CLOEXEC);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int events = signalfd(-1, &signals, SFD_CLOEXEC);
  // The parent may have died before the prctl.
  if (events < 0 || getppid() != std::atoi(argv[1])) return 127;

  const auto program = fork();
  if (program < 0) return 127;
  if (program == 0) become(argv + 3, signals);
  let_go_of_streams();

  int code = 128 + SIGTERM;
  for (bool running = true; running;) {
    signalfd_siginfo event;
    if (read(events, &event, sizeof event) != static_cast<ssize_t>(sizeof event)) continue;
    if (event.ssi_signo != SIGCHLD) break;
    int status = 0;
    for (pid_t ended = 0; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended != program) continue;  // an orphan of the program's
      code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      running = false;
    }
  }
  end_everything();
  remove_folder(argv[2]);
  return code;
}

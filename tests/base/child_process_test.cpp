#include "base/child_process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <system_error>

#include "scratch.hpp"

namespace host::base {

TEST_CASE("a program's exit code and its words come through") {
  ChildProcess child(Launch{.words = {"sh", "-c", "exit $1", "sh", "7"}});
  CHECK(child.wait(10'000));
  CHECK(WEXITSTATUS(child.status()) == 7);
  CHECK(child.wait(0));  // still ended
}

TEST_CASE("a program that is not there is told at once") {
  try {
    const ChildProcess child(Launch{.words = {"no-such-program-of-sage-host"}});
    FAIL("it was started");
  } catch (const std::system_error& e) {
    CHECK(e.code().value() == ENOENT);
  }
}

TEST_CASE("what does not end within the limit is still there, and goes with its owner") {
  pid_t pid = 0;
  {
    ChildProcess child([] {
      pause();
      return 0;
    });
    CHECK(!child.wait(0));
    CHECK(!child.wait(1));
    child.kill();
    CHECK(child.wait(10'000));
    CHECK(WTERMSIG(child.status()) == SIGKILL);
    CHECK(signal_name(WTERMSIG(child.status())) == "SIGKILL");
  }
  {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const ChildProcess child([&] {
      const auto self = getpid();
      [[maybe_unused]] const auto written = write(ends[1], &self, sizeof self);
      pause();
      return 0;
    });
    REQUIRE(read(ends[0], &pid, sizeof pid) == sizeof pid);
    close(ends[0]);
    close(ends[1]);
  }
  CHECK(kill(pid, 0) == -1);
}

TEST_CASE("it gets the descriptors that it is to have, and no others") {
  const Fd leaking(open("/dev/null", O_RDONLY));  // without close-on-exec, as libraries do
  const Fd meant(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const auto has = [&](const Fd& fd) {
    ChildProcess child(
        Launch{.words = {"test", "-e", "/proc/self/fd/" + std::to_string(fd.get())}, .inherits = {meant.get()}});
    CHECK(child.wait(10'000));
    return WEXITSTATUS(child.status()) == 0;
  };
  CHECK(has(meant));
  CHECK_FALSE(has(leaking));
}

TEST_CASE("it works in its folder, and errors go to the file") {
  const scratch::Folder folder;
  ChildProcess child(Launch{.words = {"sh", "-c", "pwd >&2"}, .folder = folder.path(), .errors = "errors"});
  REQUIRE(child.wait(10'000));
  std::ifstream in(folder.path() / "errors");
  std::string line;
  std::getline(in, line);
  CHECK(std::filesystem::equivalent(line, folder.path()));
}

TEST_CASE("a child dies with the process that started it") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  {
    ChildProcess parent([&]() -> int {
      const ChildProcess child([&] {
        close(ends[0]);
        pause();
        return 0;
      });
      _exit(0);  // without the destructor
    });
    REQUIRE(parent.wait(10'000));
  }
  close(ends[1]);
  char byte = 0;
  CHECK(read(ends[0], &byte, 1) == 0);  // the child's end is closed too: it is gone
  close(ends[0]);
}

}  // namespace host::base

#include "experiment/run_lock.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/error.hpp"
#include "base/scratch.hpp"

using namespace host;
using namespace host::experiment;

namespace {

std::string refused(const std::filesystem::path& folder) {
  return scratch::refusal([&] { const RunLock lock(folder); });
}

}  // namespace

TEST_CASE("who comes second is refused with the process id of the first") {
  const scratch::Folder folder;
  {
    const RunLock lock(folder.path());
    CHECK(refused(folder.path()).find("process " + std::to_string(getpid()) + " ") == 0);
  }
  CHECK_FALSE(std::filesystem::exists(folder.path() / ".lock"));
  CHECK_NOTHROW(RunLock(folder.path()));
}

TEST_CASE("a file that is left behind locks nothing, and what is in it does no harm") {
  const scratch::Folder folder;
  folder.write(".lock", "999999999999999999999 or anything");
  const RunLock lock(folder.path());
  std::string pid;
  std::ifstream(folder.path() / ".lock") >> pid;
  CHECK(pid == std::to_string(getpid()));
}

TEST_CASE("a lock that cannot be made is told as such") {
  const scratch::Folder folder;
  CHECK_THROWS_WITH_AS(RunLock(folder.path() / "nowhere"), doctest::Contains("cannot lock"), base::Error);
}

TEST_CASE("a killed holder lets go, though a program that it started lives on") {
  const scratch::Folder folder;
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const auto holder = fork();
  if (holder == 0) {
    const RunLock lock(folder.path());
    std::array<char*, 3> argv = {const_cast<char*>("sleep"), const_cast<char*>("60"), nullptr};
    pid_t program = 0;
    if (posix_spawnp(&program, "sleep", nullptr, nullptr, argv.data(), environ) != 0) _exit(1);
    if (write(ends[1], &program, sizeof program) != sizeof program) _exit(1);
    pause();
    _exit(0);
  }
  pid_t program = 0;
  REQUIRE(read(ends[0], &program, sizeof program) == sizeof program);
  CHECK(refused(folder.path()).find("process " + std::to_string(holder) + " ") == 0);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  CHECK(kill(program, 0) == 0);
  CHECK_NOTHROW(RunLock(folder.path()));
  kill(program, SIGKILL);
  close(ends[0]);
  close(ends[1]);
}

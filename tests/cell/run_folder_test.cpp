#include "cell/run_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/error.hpp"

using namespace host;
using namespace host::cell;
namespace fs = std::filesystem;

namespace {

fs::path empty_root() {
  const auto root = fs::temp_directory_path() / ("sage-run-folder-test-" + std::to_string(::getpid()));
  fs::remove_all(root);
  fs::create_directory(root);
  return root;
}

}  // namespace

TEST_CASE("a run folder with files stays, and the next of its name gets a number") {
  const auto root = empty_root();
  {
    const RunFolder first(root / "results", "q6-mock");
    std::ofstream(first.path() / "file") << "x";
  }
  const RunFolder second(root / "results", "q6-mock");
  CHECK(fs::exists(root / "results/q6-mock/file"));
  CHECK(second.run_id() == "q6-mock-2");
  fs::remove_all(root);
}

TEST_CASE("what was made and stayed empty goes again, what was there stays") {
  const auto root = empty_root();
  { const RunFolder folder(root / "a/b", "run"); }
  CHECK(fs::exists(root));
  CHECK_FALSE(fs::exists(root / "a"));
  {
    RunFolder folder(root / "a", "run");
    std::ofstream(folder.path() / "half") << "x";
    folder.discard();
  }
  CHECK_FALSE(fs::exists(root / "a"));
  fs::remove_all(root);
}

TEST_CASE("a folder that takes no files is refused and leaves nothing behind") {
  const auto root = empty_root();
  std::ofstream(root / "file") << "x";
  for (const auto& bad : {root / "file", root / "file/below", fs::path("/proc/sage")}) {
    CHECK_THROWS_AS(RunFolder(bad, "run"), base::Error);
    CHECK(why_not_writable(bad).find("--output-dir") != std::string::npos);
  }
  CHECK(why_not_writable(root / "new/deep") == "");
  CHECK_FALSE(fs::exists(root / "new"));
  fs::remove_all(root);
}

TEST_CASE("the scratch folder is private and removed with its contents") {
  fs::path path;
  {
    const ScratchDir scratch;
    path = scratch.path();
    struct stat info {};
    REQUIRE(stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    std::ofstream(path / "file") << "x";
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("scratch folders of hosts that were killed are removed, of others and of living ones are not") {
  const auto root = empty_root();
  fs::create_directory(root / "sage-others");
  std::ofstream(root / "sage-others/file") << "x";
  fs::path left;
  if (const pid_t pid = fork(); pid == 0) {
    const ScratchDir killed(root);
    fs::create_directory(killed.path() / "deep");
    _exit(fs::exists(killed.path()) ? 0 : 1);
  } else {
    int status = 1;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    REQUIRE(status == 0);
  }
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.path().filename() != "sage-others") left = entry.path();
  REQUIRE_FALSE(left.empty());
  {
    // of one that was killed before it had marked its folder; and one that only looks so
    REQUIRE(mkdir((root / "sage-empty1").c_str(), 0700) == 0);
    REQUIRE(mkdir((root / "sage-empty2").c_str(), 0755) == 0);
    const ScratchDir living(root);
    CHECK_FALSE(fs::exists(left));
    CHECK_FALSE(fs::exists(root / "sage-empty1"));
    CHECK(fs::remove(root / "sage-empty2"));
    const ScratchDir second(root);
    CHECK(fs::exists(living.path()));
  }
  CHECK(fs::exists(root / "sage-others/file"));
  CHECK(std::distance(fs::directory_iterator(root), {}) == 1);
  fs::remove_all(root);
}

#include "base/output_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <iterator>

#include "scratch.hpp"

namespace host::base {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a link stays one, and what it leads to gets the text") {
  const scratch::Folder folder;
  folder.write("target", "old");
  std::filesystem::create_symlink("target", folder.path() / "link");
  write_file(folder.path() / "link", "new");
  CHECK(std::filesystem::is_symlink(folder.path() / "link"));
  CHECK(text_of(folder.path() / "target") == "new");
}

TEST_CASE("a pipe stays one: without a reader it is refused, and nothing waits") {
  const scratch::Folder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(write_file(pipe, "text"), Error);
  CHECK(std::filesystem::is_fifo(pipe));
}

TEST_CASE("a temporary file is new, whatever lies there, and goes when it fails") {
  const scratch::Folder folder;
  const auto one = temporary_beside(folder.path() / "x");
  const auto two = temporary_beside(folder.path() / "x");
  CHECK(one != two);
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(one)));
  std::filesystem::remove(one);
  std::filesystem::remove(two);
  std::filesystem::create_directory(folder.path() / "x");
  CHECK_THROWS_AS(write_file(folder.path() / "x", "text"), Error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

}  // namespace host::base

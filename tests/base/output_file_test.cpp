#include "base/output_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>

#include "base/scratch.hpp"

namespace host::base {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is complete or as it was, and nothing is left beside it") {
  const scratch::Folder folder;
  const auto file = folder.write("report.html", "old");
  {
    const Replacement unfinished(file);
    CHECK(fs::exists(unfinished.path()));
    CHECK(text_of(file) == "old");
  }
  write_file(file, "new");
  CHECK(text_of(file) == "new");
  CHECK(entries(folder.path()) == 1);
  CHECK((fs::status(file).permissions() & fs::perms::owner_read) != fs::perms::none);
}

TEST_CASE("a link stays, and what it points to is replaced") {
  const scratch::Folder folder;
  const auto target = folder.write("elsewhere/target", "old");
  fs::create_symlink("elsewhere/target", folder.path() / "a");
  fs::create_symlink("a", folder.path() / "b");
  write_file(folder.path() / "b", "new");
  CHECK(fs::is_symlink(folder.path() / "b"));
  CHECK(text_of(target) == "new");
  CHECK(entries(target.parent_path()) == 1);
  fs::create_symlink("loop", folder.path() / "loop");
  CHECK(scratch::refusal([&] { write_file(folder.path() / "loop", "x"); }).find("cannot be written") !=
        std::string::npos);
}

TEST_CASE("a link that another user planted in a shared folder is not followed") {
  const scratch::Folder folder;
  const auto target = folder.write("private/target", "old");
  const auto shared = folder.path() / "shared";
  fs::create_directory(shared);
  fs::create_symlink(target, shared / "report.html");
  if (::lchown((shared / "report.html").c_str(), 12345, 12345) != 0) return;  // needs root
  write_file(shared / "report.html", "in a folder of one's own");
  CHECK(text_of(target) == "in a folder of one's own");
  fs::permissions(shared, fs::perms::all);
  CHECK(scratch::refusal([&] { write_file(shared / "report.html", "x"); }).find("link of another user") !=
        std::string::npos);
  CHECK(text_of(target) == "in a folder of one's own");
}

TEST_CASE("what is no regular file is written to and never replaced") {
  const scratch::Folder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(write_file(pipe, "text"), Error);  // without a reader nothing waits
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_file(pipe, "text");
  std::string read(10, '\0');
  CHECK(::read(reader, read.data(), read.size()) == 4);
  CHECK(read.starts_with("text"));
  ::close(reader);
  CHECK(fs::is_fifo(pipe));
  CHECK(scratch::refusal([&] { const Replacement database(pipe); }).find("no regular file") != std::string::npos);
  CHECK(scratch::refusal([&] { write_file(folder.path(), "x"); }).find("it is a folder") != std::string::npos);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a stream of records is not written through a link") {
  const scratch::Folder folder;
  const auto target = folder.write("target", "old");
  fs::create_symlink(target, folder.path() / "records.jsonl");
  CHECK_FALSE(scratch::refusal([&] { const OutputFile file(folder.path() / "records.jsonl"); }).empty());
  CHECK(text_of(target) == "old");
}

}  // namespace host::base

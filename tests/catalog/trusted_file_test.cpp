#include "catalog/trusted_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scratch.hpp"

using namespace host::catalog;
using scratch::contains;
namespace fs = std::filesystem;

namespace {

constexpr uid_t somebody = 65534;

// A file two folders down: root/way/plugins/q6.toml.
struct Tree {
  scratch::Folder root;
  fs::path way = root.path() / "way";
  fs::path plugins = way / "plugins";
  fs::path file;
  Tree() {
    fs::create_directories(plugins);
    file = root.write("way/plugins/q6.toml", "");
  }
};

std::string refusal_of(const fs::path& path) {
  return scratch::refusal([&] { refuse_others(path, "manifest"); });
}

}  // namespace

TEST_CASE("a folder on the way up in which others may rename is refused, a sticky one is not") {
  const Tree tree;
  CHECK(refusal_of(tree.file) == "");
  REQUIRE(chmod(tree.way.c_str(), 0777) == 0);
  CHECK(contains(refusal_of(tree.file), "folder " + tree.way.string() + ": other users can replace what is in it"));
  CHECK(contains(refusal_of(tree.plugins), "chmod o-w '" + tree.way.string() + "'"));
  REQUIRE(chmod(tree.way.c_str(), 01777) == 0);
  CHECK(refusal_of(tree.file) == "");
  REQUIRE(chmod(tree.way.c_str(), 0775) == 0);  // of the owner's group
  CHECK(refusal_of(tree.file) == "");
}

TEST_CASE("a link is followed to what it leads to") {
  const Tree tree;
  const auto link = tree.root.path() / "link";
  fs::create_directory_symlink(tree.way, link);
  REQUIRE(chmod(tree.way.c_str(), 0777) == 0);
  CHECK(contains(refusal_of(link / "plugins" / "q6.toml"), "other users can replace what is in it"));
}

TEST_CASE("what another user owns, or could rename, is refused") {
  if (geteuid() != 0) return;  // only root can make such files
  const auto belongs = [](const fs::path& path, const std::string& what) {
    return what + " " + path.string() + ": it belongs to user 65534";
  };
  const Tree tree;
  const auto give = [](const fs::path& path, uid_t owner) { REQUIRE(chown(path.c_str(), owner, owner) == 0); };
  give(tree.file, somebody);
  CHECK(contains(refusal_of(tree.file), belongs(tree.file, "manifest")));
  CHECK(refusal_of(tree.plugins) == "");
  give(tree.file, 0);
  give(tree.plugins, somebody);
  CHECK(contains(refusal_of(tree.file), belongs(tree.plugins, "folder")));
  give(tree.plugins, 0);
  give(tree.way, somebody);
  CHECK(contains(refusal_of(tree.file), belongs(tree.way, "folder")));
  REQUIRE(chmod(tree.way.c_str(), 01777) == 0);  // its owner may still rename what is in it
  CHECK(contains(refusal_of(tree.file), belongs(tree.way, "folder")));
}

TEST_CASE("whoever could replace this program is trusted") {
  // The folders on the way up to it are what they are: here, whoever checked this project out.
  CHECK(refusal_of("/proc/self/exe") == "");
}

TEST_CASE("all files of a folder are looked at, and one that is not there is fine") {
  const Tree tree;
  refuse_others_in(tree.root.path() / "none");
  refuse_others_in(tree.plugins);
  REQUIRE(chmod(tree.file.c_str(), 0666) == 0);
  CHECK(contains(scratch::refusal([&] { refuse_others_in(tree.plugins); }), "chmod o-w"));
}

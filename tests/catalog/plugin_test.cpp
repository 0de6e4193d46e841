#include "catalog/plugin.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/scratch.hpp"

using namespace host;
using namespace host::catalog;
using scratch::contains;
using scratch::refusal;
namespace fs = std::filesystem;

namespace {

fs::path broken_folder(const std::string& failure) { return fs::path(SAGE_BINARY_DIR) / "tests/plugins" / failure; }

Manifest broken_manifest(const std::string& failure) {
  return read_manifest(broken_folder(failure) / (failure + ".toml"));
}

fs::path broken_library(const std::string& failure) {
  return broken_folder(failure) / ("libsage_test_" + failure + ".so");
}

}  // namespace

TEST_CASE("what is wrong with a library is said in one line, naming it") {
  struct Case {
    std::string failure, message;
    base::Exit code;
  };
  const std::vector<Case> cases = {
      {"no_entry", "it does not export sage_entry_v1 (in C++: SAGE_PLUGIN(YourClass))", base::Exit::usage},
      {"refuses", "backend refuses: the imaginary runtime is not installed; apt install imaginary",
       base::Exit::unavailable},
      {"false_size", "its entry left struct_size 100000", base::Exit::usage},
      {"no_tables", "it is neither a workload nor a backend", base::Exit::usage},
      {"two_tables", "it is both a workload and a backend", base::Exit::usage},
      {"incomplete", "it lacks sage_backend.drain, sage_backend.close; report it to its author", base::Exit::usage},
      {"wrong_kind", "its library is a backend", base::Exit::usage},
      {"false_manifest", "capabilities not as the manifest embedded in libsage_test_false_manifest.so says",
       base::Exit::usage},
  };
  for (const auto& each : cases) {
    CAPTURE(each.failure);
    const auto manifest = broken_manifest(each.failure);
    try {
      load_plugin(manifest);
      FAIL("loaded");
    } catch (const base::Error& e) {
      CHECK_MESSAGE(contains(e.what(), each.message), e.what());
      CHECK(contains(e.what(), each.failure));
      CHECK_FALSE(contains(e.what(), "\n"));
      CHECK(e.code() == each.code);
    }
  }
}

TEST_CASE("a capability that needs a member is checked against the table") {
  auto manifest = broken_manifest("incomplete");
  manifest.capabilities.emplace_back("virtual-time");
  CHECK(contains(refusal([&] { load_plugin(manifest); }), "sage_backend.close, sage_backend.advance"));
}

TEST_CASE("a newer ABI is refused by its manifest, before any code is loaded") {
  CHECK(contains(refusal([] { broken_manifest("newer_abi"); }), "requires plugin ABI 1.99, this host has 1.0"));
}

TEST_CASE("a plugin in order is loaded, and its exceptions become statuses with their text") {
  const auto plugin = load_plugin(broken_manifest("throws"));
  REQUIRE(plugin.table.backend != nullptr);
  CHECK(plugin.table.workload == nullptr);
  CHECK(plugin.manifest.id == "throws");

  static std::string text;
  sage_host services{};
  services.struct_size = sizeof(services);
  services.fail = [](void*, sage_str message) { text.assign(message.ptr, message.size); };
  const auto create = [&](std::string_view config, void** self) {
    return plugin.table.create(&services, {"throws", 6}, {config.data(), config.size()}, self);
  };
  void* self = nullptr;
  CHECK(create(R"({"where":"create"})", &self) == SAGE_FAILED);
  CHECK(text == "thrown on purpose in create");
  CHECK(self == nullptr);
  CHECK(create("{not json", &self) == SAGE_FAILED);

  REQUIRE(create(R"({"where":"submit"})", &self) == SAGE_OK);
  uint64_t taken = 0;
  const sage_request row{};
  CHECK(plugin.table.backend->submit(self, &row, 1, &taken) == SAGE_FAILED);
  CHECK(text == "thrown on purpose in submit");
  plugin.table.destroy(self);
}

TEST_CASE("a library that cannot be loaded") {
  const scratch::Folder folder;
  const auto load_error = [&] {
    const auto file = folder.write("x.toml", scratch::manifest("backend", "x"));
    return refusal([&] { load_plugin(read_manifest(file)); });
  };
  SUBCASE("missing") {
    CHECK(load_error() ==
          "backend x: its library " + folder.path().string() + "/lib.so is missing; build or install the plugin again");
  }
  SUBCASE("not a library") {
    folder.write("lib.so", "#!/bin/sh\n");
    CHECK(load_error() == "library " + folder.path().string() + "/lib.so: it is not an ELF library");
  }
  SUBCASE("a folder") {
    fs::create_directory(folder.path() / "lib.so");
    CHECK(contains(load_error(), "lib.so: it is no regular file"));
  }
  SUBCASE("writable by others") {
    folder.write("lib.so", "");
    REQUIRE(chmod((folder.path() / "lib.so").c_str(), 0666) == 0);
    CHECK(contains(load_error(), "other users can write to it; chmod o-w '" + folder.path().string() + "/lib.so'"));
  }
  SUBCASE("a link into a folder that others can write to") {
    const scratch::Folder open_to_all;
    fs::create_symlink(open_to_all.write("lib.so", ""), folder.path() / "lib.so");
    REQUIRE(chmod(open_to_all.path().c_str(), 0777) == 0);
    CHECK(contains(load_error(), "folder " + open_to_all.path().string() + ": other users can write to it"));
  }
}

TEST_CASE("a library built by sage_add_plugin exports its entry alone") {
  for (const auto* failure : {"throws", "completes_twice", "completes_after_close", "no_tables"})
    CHECK(exported_symbols(broken_library(failure)) == std::vector<std::string>{"sage_entry_v1"});
  CHECK(exported_symbols(broken_library("no_entry")).empty());
  const auto extra = exported_symbols(broken_library("extra_exports"));
  CHECK(std::ranges::find(extra, "sage_entry_v1") != extra.end());
  CHECK(std::ranges::find(extra, "sage_test_extra_symbol") != extra.end());
}

TEST_CASE("a file that is not a library has no symbols to list") {
  const scratch::Folder folder;
  const auto error_of = [&](std::string_view content) {
    const auto file = folder.write("lib.so", content);
    return refusal([&] { exported_symbols(file); });
  };
  CHECK(contains(error_of(""), "it is not an ELF library"));
  CHECK(contains(error_of("#!/bin/sh\n"), "it is not an ELF library"));
  CHECK(contains(error_of(std::string(64, 'x')), "it is not an ELF library"));
  CHECK(contains(refusal([&] { exported_symbols(folder.path() / "no.so"); }), "it is no regular file"));
  CHECK(contains(refusal([&] { exported_symbols(folder.path()); }), "lib"));
}

TEST_CASE("a damaged library is survived, whichever byte is wrong") {
  const auto good = [] {
    std::ifstream in(broken_library("no_tables"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  REQUIRE(good.size() > 4096);
  const scratch::Folder folder;
  const auto survives = [](const fs::path& file) {
    try {
      exported_symbols(file);
    } catch (const base::Error&) {
    }
  };
  for (size_t size = 0; size < good.size(); size += 97) survives(folder.write("cut.so", good.substr(0, size)));
  // The header, and the section table at the file's end, byte by byte: all bits set, and none.
  const auto file = folder.write("bad.so", good);
  std::fstream patch(file, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](size_t at, char value) {
    patch.seekp(static_cast<std::streamoff>(at));
    patch.put(value).flush();
  };
  for (size_t at = 0; at < good.size(); ++at) {
    if (at >= 64 && at + 2200 < good.size()) continue;
    for (const char value : {'\0', '\xff'}) {
      put(at, value);
      survives(file);
    }
    put(at, good[at]);
  }
  CHECK(exported_symbols(file) == std::vector<std::string>{"sage_entry_v1"});
}

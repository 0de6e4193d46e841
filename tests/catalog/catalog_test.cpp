#include "catalog/catalog.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/scratch.hpp"
#include "catalog/toml_section.hpp"

using namespace host;
using namespace host::catalog;
using scratch::contains;
using scratch::refusal;
using State = CatalogEntry::State;
namespace fs = std::filesystem;

namespace {

// Sets an environment variable for as long as it lives; null unsets it.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name)) before_ = before;  // NOLINT(concurrency-mt-unsafe)
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) const {
    if (value == nullptr) {
      unsetenv(name_);  // NOLINT(concurrency-mt-unsafe)
    } else {
      setenv(name_, value, 1);  // NOLINT(concurrency-mt-unsafe)
    }
  }
  const char* name_;
  std::optional<std::string> before_;
};

std::string find_error(const Catalog& catalog, PluginKind kind, std::string_view name) {
  return refusal([&] { static_cast<void>(catalog.find(kind, name)); });
}

}  // namespace

TEST_CASE("the search path follows its order") {
  const scratch::Folder folder;
  const auto given = (folder.path() / "given").string();
  fs::create_directory(given);
  const Environment add("SAGE_ADD_PLUGIN_PATH", "/add/1:relative::/add/2:");
  const Environment home("XDG_DATA_HOME", "/data-home");
  const Environment dirs("XDG_DATA_DIRS", "/dirs/1:/dirs/2");
  const auto built = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/sage-host/plugins";

  SUBCASE("everything") {
    const Environment replace("SAGE_PLUGIN_PATH", nullptr);
    CHECK(search_path(given) == std::vector<fs::path>{given, "/add/1", "/add/2", "/data-home/sage/manifests", built,
                                                      "/dirs/1/sage/manifests", "/dirs/2/sage/manifests"});
  }
  SUBCASE("SAGE_PLUGIN_PATH replaces all below") {
    const Environment replace("SAGE_PLUGIN_PATH", "/only");
    CHECK(search_path("") == std::vector<fs::path>{"/add/1", "/add/2", "/only"});
  }
  SUBCASE("defaults of the XDG specification") {
    const Environment replace("SAGE_PLUGIN_PATH", "");
    const Environment no_home("XDG_DATA_HOME", "");
    const Environment no_dirs("XDG_DATA_DIRS", nullptr);
    const Environment user("HOME", "/home/me");
    CHECK(search_path("") == std::vector<fs::path>{"/add/1", "/add/2", "/home/me/.local/share/sage/manifests", built,
                                                   "/usr/local/share/sage/manifests", "/usr/share/sage/manifests"});
  }
  SUBCASE("a --plugin-path that is no folder is an error, not a silent nothing") {
    CHECK(
        contains(refusal([] { search_path("/no/such/folder"); }), "--plugin-path: '/no/such/folder' is not a folder"));
  }
}

TEST_CASE("found by id, name or alias in any case") {
  const scratch::Folder folder;
  folder.write("q6.toml", scratch::manifest("workload", "q6", "name = \"BurstTown\"\naliases = [\"burst_priority\"]"));
  folder.write("mock.toml", scratch::manifest("backend", "mock"));
  const Catalog catalog({folder.path()});
  for (const auto* name : {"q6", "Q6", "BurstTown", "bursttown", "burst_priority", "BURST_PRIORITY"})
    CHECK(catalog.find(PluginKind::workload, name).id == "q6");
  CHECK(find_error(catalog, PluginKind::workload, "q7") == "no workload 'q7'; did you mean 'q6'?; known: q6");
  CHECK(find_error(catalog, PluginKind::workload, "burstown") ==
        "no workload 'burstown'; did you mean 'BurstTown'?; known: q6");
  CHECK(find_error(catalog, PluginKind::workload, "mock") ==
        "no workload 'mock'; known: q6; add folders with --plugin-path");  // another kind
  CHECK(find_error(catalog, PluginKind::backend, "") == "no backend ''; known: mock; add folders with --plugin-path");
}

TEST_CASE("an empty catalog says how to fill it") {
  CHECK(find_error(Catalog({"/no/such/folder"}), PluginKind::backend, "x") ==
        "no backend 'x'; none was found; add folders with --plugin-path");
}

TEST_CASE("the first id wins, and the list says what hides what") {
  const scratch::Folder first, second;
  const auto kept = first.write("mine.toml", scratch::manifest("workload", "q6"));
  second.write("q6.toml", scratch::manifest("workload", "q6"));
  second.write("q5.toml", scratch::manifest("workload", "q5"));
  second.write("also-q6.toml", scratch::manifest("backend", "q6"));  // another kind is another name
  second.write(".#q5.toml", "an editor's lock");
  second.write("notes.txt", "not a manifest");
  const Catalog catalog({first.path(), second.path(), first.path()});  // the same folder twice counts once
  REQUIRE(catalog.entries().size() == 4);
  CHECK(catalog.find(PluginKind::workload, "q6").file == kept);
  const auto all = catalog.all(PluginKind::workload);
  REQUIRE(all.size() == 2);
  CHECK(all[0]->id == "q5");
  CHECK(all[1]->id == "q6");
  const auto& hidden = catalog.entries()[3];
  CHECK(hidden.file == second.path() / "q6.toml");
  CHECK(hidden.state == State::shadowed);
  CHECK(hidden.reason == kept.string() + " comes first");
}

TEST_CASE("an id is stronger than an alias, whatever the order, and a clash costs the alias alone") {
  const scratch::Folder folder;
  folder.write("a.toml", scratch::manifest("workload", "a", "aliases = [\"B\"]"));
  folder.write("b.toml", scratch::manifest("workload", "b", "aliases = [\"x\"]"));
  folder.write("c.toml", scratch::manifest("workload", "c", "name = \"X\""));
  const Catalog catalog({folder.path()});
  REQUIRE(catalog.entries().size() == 3);
  CHECK(catalog.find(PluginKind::workload, "b").id == "b");
  CHECK(catalog.find(PluginKind::workload, "X").id == "b");
  for (const auto* id : {"a", "c"}) CHECK(catalog.find(PluginKind::workload, id).id == id);
  CHECK(contains(catalog.entries()[0].reason, "its alias 'b' means workload b"));
  CHECK(contains(catalog.entries()[2].reason, "its alias 'x' means workload b"));
}

TEST_CASE("a folder that the user named holds nothing that cannot be used") {
  const scratch::Folder named, other;
  named.write("mine.toml", scratch::manifest("workload", "mine"));
  other.write("broken.toml", "schema = ");
  const Environment replace("SAGE_PLUGIN_PATH", other.path().c_str());
  const auto path = named.path().string();
  CHECK(open_catalog(path).find(PluginKind::workload, "mine").id == "mine");
  const Environment add("SAGE_ADD_PLUGIN_PATH", path.c_str());
  CHECK_NOTHROW(open_catalog(""));
  SUBCASE("by a manifest") { named.write("also.toml", "schema = "); }
  SUBCASE("by its mode") { REQUIRE(chmod(path.c_str(), 0777) == 0); }
  CHECK(refusal([&] { open_catalog(path + "/"); }).starts_with("--plugin-path: "));
  CHECK(refusal([&] { open_catalog(""); }).starts_with("SAGE_ADD_PLUGIN_PATH: "));
}

TEST_CASE("toml++ says what is wrong, and we what is right") {
  const auto problem = [](const char* text) { return refusal([&] { parse_toml(text, "run.toml"); }); };
  CHECK(contains(problem("rate = fast"), "\"a text\""));
  CHECK(contains(problem("rate = 1\nrate = 2"), "leave one of them"));
  CHECK(contains(problem("rate = \"\xff\""), "UTF-8"));
}

TEST_CASE("a broken manifest costs itself alone, and is named when asked for") {
  const scratch::Folder first, second;
  first.write("q6.toml", "schema = 1\nkind = ");
  first.write("good.toml", scratch::manifest("workload", "good"));
  second.write("q6.toml", scratch::manifest("workload", "q6"));
  const Catalog catalog({first.path(), second.path()});
  CHECK(catalog.find(PluginKind::workload, "good").id == "good");
  // Not the other q6 in silence: the user's own copy has a mistake.
  CHECK(contains(find_error(catalog, PluginKind::workload, "Q6"), first.path().string() + "/q6.toml:2:"));
  CHECK(contains(find_error(catalog, PluginKind::workload, "nothing"),
                 "1 more cannot be used, see sage-host list --all"));
  const auto broken = std::ranges::find(catalog.entries(), State::broken, &CatalogEntry::state);
  REQUIRE(broken != catalog.entries().end());
  CHECK_FALSE(broken->manifest);
  CHECK(contains(broken->reason, "q6.toml:2:"));
}

TEST_CASE("a folder that others can write to is refused whole") {
  const scratch::Folder folder;
  folder.write("q6.toml", scratch::manifest("workload", "q6"));
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  const Catalog catalog({folder.path()});
  REQUIRE(catalog.entries().size() == 1);
  CHECK(catalog.entries()[0].state == State::broken);
  CHECK(contains(catalog.entries()[0].reason, "chmod o-w '" + folder.path().string() + "'"));
  CHECK(catalog.all(PluginKind::workload).empty());
}

TEST_CASE("a search path entry that is a file, not a folder") {
  const scratch::Folder folder;
  const auto file = folder.write("q6.toml", scratch::manifest("workload", "q6"));
  const Catalog catalog({file});
  REQUIRE(catalog.entries().size() == 1);
  CHECK(contains(catalog.entries()[0].reason, "Not a directory"));
}

TEST_CASE("pairing names every capability that is lacking") {
  Manifest workload, backend;
  workload.id = "q6";
  workload.required_capabilities = {"priority", "keyed", "nodes"};
  backend.id = "ray";
  backend.capabilities = {"nodes"};
  CHECK(refusal([&] { check_pairing(workload, backend); }) ==
        "workload q6 requires priority, keyed of its backend, which ray lacks; choose another with --backend");
  backend.capabilities = {"keyed", "nodes", "priority"};
  CHECK(refusal([&] { check_pairing(workload, backend); }) == "");
}

TEST_CASE("a scheduler must be one that the backend lists") {
  host::catalog::Manifest backend;
  backend.id = "mine";
  backend.capabilities = {"nodes", "scheduler.fifo", "scheduler.hybrid"};
  for (const auto* name : {"default", "fifo", "hybrid"}) CHECK_NOTHROW(host::catalog::check_scheduler(name, backend));
  CHECK_THROWS_WITH_AS(host::catalog::check_scheduler("nodes", backend),
                       "backend mine has no scheduler 'nodes'; --scheduler must be fifo, hybrid, default",
                       host::base::Error);
}

TEST_CASE("several nodes take a backend that says it has them") {
  host::catalog::Manifest backend;
  backend.id = "mine";
  CHECK_NOTHROW(host::catalog::check_nodes(1, backend));
  CHECK(refusal([&] { host::catalog::check_nodes(2, backend); }) ==
        "backend mine runs on one node, not on 2; use --nodes 1, or a backend with the capability 'nodes'");
  backend.capabilities = {"nodes"};
  CHECK_NOTHROW(host::catalog::check_nodes(2, backend));
}

#include "catalog/presets.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/scratch.hpp"

using namespace host::catalog;
using scratch::contains;
using scratch::refusal;

TEST_CASE("presets: cells are sides times points times axes times repetitions, [quick] in the place of what it names") {
  const scratch::Folder folder;
  folder.write("b.toml", R"(
title = "B"
workload = "q2"
repeat = 5
[[side]]
name = "one"
[[side]]
name = "two"
[axis]
rate = [1, 2, 3]
q1.variant = ["basic", "multi"]
[[point]]
name = "small"
[[point]]
name = "large"
[quick]
repeat = 1
axis = { rate = [1] }
)");
  folder.write("a.toml", "title = \"A\"\nquestion = \"which?\"\nworkload = \"q1\"\nbackend = \"mock\"\n");
  folder.write(".c.toml", "no TOML at all");
  folder.write("notes.txt", "neither");
  const auto presets = read_presets(folder.path());
  REQUIRE(presets.size() == 2);
  CHECK(presets[0].name == "a");
  CHECK(presets[0].question == "which?");
  CHECK(presets[0].backend == "mock");
  CHECK(presets[0].cells == 3);
  CHECK(presets[0].quick_cells == 3);
  CHECK(presets[1].title == "B");
  CHECK(presets[1].cells == 2 * 2 * 6 * 5);
  CHECK(presets[1].quick_cells == 2 * 2 * 2 * 1);
}

TEST_CASE("presets: a file that is no experiment is refused by its place") {
  const scratch::Folder folder;
  folder.write("a.toml", "title = 5\n");
  CHECK(contains(refusal([&] { static_cast<void>(read_presets(folder.path())); }),
                 "a.toml:1:9: 'title' must be a string"));
  folder.write("a.toml", "title = \"A\"\n");
  CHECK(contains(refusal([&] { static_cast<void>(read_presets(folder.path())); }), "the key 'workload' is missing"));
}

TEST_CASE("presets: a folder that is not there has none") { CHECK(read_presets("/no/such/folder").empty()); }

TEST_CASE("presets: those of this build are found by name, others named with the nearest") {
  const auto presets = read_presets(preset_folder());
  REQUIRE(presets.size() >= 10);
  for (const auto& preset : presets) {
    INFO(preset.name);
    CHECK(find_preset(preset.name) == preset.file);
    CHECK(preset.quick_cells <= preset.cells);
    CHECK(preset.quick_cells <= 16);
    CHECK_FALSE(preset.question.empty());
  }
  const auto said = refusal([] { static_cast<void>(find_preset("control_plan")); });
  CHECK(contains(said, "did you mean 'control_plane'?"));
}

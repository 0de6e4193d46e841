#include "catalog/yaml_tree.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/scratch.hpp"

using namespace host::catalog;
using scratch::contains;
using scratch::refusal;
using Kind = YamlNode::Kind;

namespace {

std::string refused(const std::string& text) {
  return refusal([&] { static_cast<void>(parse_yaml(text, "x.yaml")); });
}

}  // namespace

TEST_CASE("YAML: texts, lists and tables with their places, in the order of the file") {
  const auto root = parse_yaml("b: 1\na:\n  - \"2\"\n  - {c: d}\nempty:\n", "x.yaml");
  REQUIRE(root.kind == Kind::table);
  REQUIRE(root.items.size() == 3);
  CHECK(root.items[0].key == "b");
  CHECK(root.items[0].text == "1");
  CHECK_FALSE(root.items[0].quoted);
  CHECK(root.items[0].where == "x.yaml:1:1");
  const auto& list = root.items[1];
  REQUIRE(list.kind == Kind::list);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0].quoted);
  CHECK(list.items[0].where == "x.yaml:3:5");
  REQUIRE(list.items[1].kind == Kind::table);
  CHECK(list.items[1].items[0].key == "c");
  CHECK(list.items[1].items[0].text == "d");
  CHECK(root.items[2].kind == Kind::nothing);
}

TEST_CASE("YAML: what no configuration needs is refused by its place") {
  CHECK(contains(refused("a: &x 1\nb: *x\n"), "x.yaml:1:4: anchors and aliases are not read"));
  CHECK(contains(refused("a: !!python/object:os.system 1\n"), "x.yaml:1:4: the tag"));
  CHECK(contains(refused("a: 1\na: 2\n"), "x.yaml:2:1: the key 'a' stands there twice, first at x.yaml:1:1"));
  CHECK(contains(refused("[1, 2]: 3\n"), "a key must be a text"));
  CHECK(contains(refused("? {a: 1}\n: 3\n"), "a key must be a text"));
  CHECK(contains(refused("~: 3\n"), "a key must be a text"));
  CHECK(contains(refused("a: 1\n---\nb: 2\n"), "several documents"));
  CHECK(contains(refused("- 1\n"), "it holds no table"));
  CHECK(contains(refused(""), "it holds no table"));
}

TEST_CASE("YAML: broken and hostile files cost a line") {
  CHECK(contains(refused("a: [1\n"), "this is no YAML"));
  CHECK(contains(refused("a:\n\tb: 1\n"), "x.yaml:2:"));
  CHECK(contains(refused("a: \"\\q\"\n"), "x.yaml:1:"));
  CHECK(contains(refused("a: \xff\n"), "x.yaml:1: this is not UTF-8"));
  CHECK(contains(refused(std::string("a: 1\nb: \0\n", 10)), "x.yaml:2: this is not UTF-8"));
  CHECK(contains(refused(std::string(100'000, ' ')), "100000 bytes, and 65536 are the most"));
  CHECK(contains(refused("a: " + std::string(9'000, '[') + std::string(9'000, ']')), "more than 16 levels deep"));
  CHECK(contains(refused("a: " + std::string(30'000, '[')), "x.yaml:1:5: a key must be a text"));  // [[ may begin a key
  std::string dashes = "a:\n";
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  CHECK(contains(refused(dashes), "more than 16 levels deep"));
  std::string blocks = "a:";
  for (int i = 0; i < 200; ++i) blocks += "\n" + std::string(static_cast<size_t>(i) + 1, ' ') + "b:";
  CHECK(contains(refused(blocks), "more than 16 levels deep"));
  // ten billion items, if aliases were followed
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 33; ++i)
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
            std::to_string(i - 1) + "]\n";
  CHECK(contains(refused(bomb), "x.yaml:1:5: anchors"));
}

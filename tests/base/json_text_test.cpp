#include "base/json_text.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "scratch.hpp"

namespace host::base {

TEST_CASE("depth and keys are bounded before anything is built") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(outline_json(nested(64)).refusal.empty());
  CHECK(outline_json(nested(65)).refusal == "nested more than 64 deep");
  CHECK(parse_json(nested(1'000'000)).is_discarded());
  std::string keys = "{";
  for (size_t i = 0; i <= json_keys_max; ++i) keys += fmt::format("{}\"{}\":1", i == 0 ? "" : ",", i);
  CHECK(outline_json(keys + "}").refusal == "an object of more than 10000 keys");
  CHECK(parse_json(keys + "}").is_discarded());
  CHECK(parse_json("{\"a\": [1, {\"b\": \"[[[{{{:::\"}]}").at("a").size() == 2);
}

TEST_CASE("a key that stands twice in one object is seen, in two objects it may") {
  CHECK(outline_json(R"({"a": 1, "b": {"a": 2}, "a": 3})").twice == "a");
  CHECK(outline_json(R"({"a": 1, "b": {"a": 2}})").twice.empty());
  CHECK(outline_json(R"({"a": "x:\"a\":", "b": 2})").twice.empty());
}

TEST_CASE("text that is no JSON is seen to its end") {
  for (const auto* text : {"", "\"", "\"\\", "}", "]:", ":\"a\":", "{\"a\":\"b"})
    CHECK(parse_json(text).is_discarded());
}

TEST_CASE("names and texts of a record become printable, keys too") {
  auto json = nlohmann::ordered_json::parse(
      R"({"a\u009bb": "x\ny", "list": [{"\u202e": "\u001b[31m"}], "n": 1, "\u4e2d": "\u00e9"})");
  make_printable(json);
  CHECK(json.dump() == "{\"a?b\":\"x y\",\"list\":[{\"?\":\"?[31m\"}],\"n\":1,\"\u4e2d\":\"\u00e9\"}");
}

TEST_CASE("of a file, unless it is none or too large") {
  const scratch::Folder folder;
  const auto file = folder.path() / "x.json";
  CHECK(parse_json_file(file).is_discarded());
  CHECK(parse_json_file(folder.path()).is_discarded());
  std::ofstream(file) << "{\"a\": 1}";
  CHECK(parse_json_file(file).at("a") == 1);
  std::filesystem::resize_file(file, json_file_max + 1);
  CHECK(parse_json_file(file).is_discarded());
}

}  // namespace host::base

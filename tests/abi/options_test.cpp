// sage/options.h against a JSON library: on objects like those that the host writes, and on text cut anywhere.
#include <doctest/doctest.h>
#include <sage/options.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

sage_str str(const std::string& text) { return {text.data(), text.size()}; }

const nlohmann::json options = {
    {"rate", 12.5},
    {"count", -7},
    {"large", int64_t{1} << 60},
    {"on", true},
    {"off", false},
    {"none", nullptr},
    {"text", "say \"ä\\n\" {,}: 中 \U0001F600\n\t/"},
    {"load", {{"rate", 3}, {"list", {1, 2, {{"rate", "no"}}}}, {"rate}", "no"}}},
    {"rate}", 1},
    {"", 4},
};

}  // namespace

TEST_CASE("each type is found by its key at the outermost level alone") {
  for (const int indent : {-1, 2}) {
    const auto json = options.dump(indent);
    double number = 0;
    int64_t integer = 0;
    int flag = -1;
    CHECK(sage_option_number(str(json), "rate", &number) == 1);
    CHECK(number == 12.5);
    CHECK(sage_option_number(str(json), "count", &number) == 1);
    CHECK(number == -7);
    CHECK(sage_option_integer(str(json), "large", &integer) == 1);
    CHECK(integer == int64_t{1} << 60);
    CHECK(sage_option_integer(str(json), "", &integer) == 1);
    CHECK(integer == 4);
    CHECK(sage_option_bool(str(json), "on", &flag) == 1);
    CHECK(flag == 1);
    CHECK(sage_option_bool(str(json), "off", &flag) == 1);
    CHECK(flag == 0);
    sage_str load{};
    REQUIRE(sage_option_json(str(json), "load", &load) == 1);
    CHECK(nlohmann::json::parse(load.ptr, load.ptr + load.size) == options["load"]);
    CHECK(sage_option_integer(load, "rate", &integer) == 1);
    CHECK(integer == 3);
  }
}

TEST_CASE("what is not there, or of another type, is not found, and nothing is written") {
  const auto json = options.dump();
  double number = 1;
  int64_t integer = 2;
  int flag = 3;
  CHECK(sage_option_number(str(json), "list", &number) == 0);
  CHECK(sage_option_number(str(json), "on", &number) == 0);
  CHECK(sage_option_number(str(json), "none", &number) == 0);
  CHECK(sage_option_integer(str(json), "rate", &integer) == 0);  // 12.5 is none
  CHECK(sage_option_bool(str(json), "count", &flag) == 0);
  CHECK(sage_option_number({nullptr, 0}, "rate", &number) == 0);
  CHECK(sage_option_number(str("[1]"), "rate", &number) == 0);
  CHECK(number == 1);
  CHECK(integer == 2);
  CHECK(flag == 3);
}

TEST_CASE("a text is decoded, whether its characters are escaped or not, and never written beyond its room") {
  const auto expected = options["text"].get<std::string>();
  for (const bool ascii : {false, true}) {
    const auto json = options.dump(-1, ' ', ascii);
    std::vector<char> room(expected.size() + 2, '#');
    uint64_t size = 0;
    REQUIRE(sage_option_text(str(json), "text", room.data(), expected.size() + 1, &size) == 1);
    CHECK(std::string(room.data(), size) == expected);
    CHECK(room[size] == '\0');
    CHECK(room.back() == '#');
    for (size_t small = 0; small <= expected.size(); ++small) {
      std::vector<char> less(small + 1, '#');
      CHECK(sage_option_text(str(json), "text", less.data(), small, &size) == 0);
      CHECK(less.back() == '#');
    }
  }
}

TEST_CASE("text that is cut anywhere is not read beyond its end") {
  const auto json = options.dump(-1, ' ', true);
  for (size_t n = 0; n <= json.size(); ++n) {
    const std::vector<char> cut(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(n));  // its end is the heap's
    const sage_str text = {cut.data(), n};
    for (const char* key : {"rate", "count", "load", "text", "off", "not there"}) {
      double number = 0;
      int64_t integer = 0;
      int flag = 0;
      sage_str inner{};
      uint64_t size = 0;
      std::array<char, 64> out{};
      (void)sage_option_number(text, key, &number);
      (void)sage_option_integer(text, key, &integer);
      (void)sage_option_bool(text, key, &flag);
      (void)sage_option_text(text, key, out.data(), out.size(), &size);
      if (sage_option_json(text, key, &inner) == 1) {
        CHECK(inner.ptr >= text.ptr);
        CHECK(inner.ptr + inner.size <= text.ptr + text.size);
      }
    }
  }
}

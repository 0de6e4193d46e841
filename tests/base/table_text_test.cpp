#include "base/table_text.hpp"

#include <doctest/doctest.h>

using namespace host;
using namespace host::base;

TEST_CASE("columns are as wide as their widest cell, without trailing blanks") {
  CHECK(format_table({{"a", "bbb", "c"}, {"aaaa", "b", ""}}) ==
        "a     bbb  c\n"
        "aaaa  b\n");
}

TEST_CASE("a long first cell stands alone, and the last column is broken at words") {
  CHECK(format_table({{"--a", "one two three"}, {"--quite-long", "four"}}, {.max_first_width = 6, .wrap_width = 13}) ==
        "--a  one two\n"
        "     three\n"
        "--quite-long\n"
        "     four\n");
}

TEST_CASE("text is broken at words, and lines after the first are indented and no longer than it") {
  CHECK(wrap_text("one two three", 80) == "one two three\n");
  CHECK(wrap_text("one two three", 7) == "one two\nthree\n");
  CHECK(wrap_text("one two three four", 8, 2) == "one two\n  three\n  four\n");
  CHECK(wrap_text("longer-than-that a", 4, 2) == "longer-than-that\n  a\n");
}

#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include "base/quote.hpp"
#include "base/table_text.hpp"

namespace host::base {

TEST_CASE("what a terminal would act on is not printed") {
  CHECK(printable("plain \u00e9 \u4e2d \U0001f600") == "plain \u00e9 \u4e2d \U0001f600");
  CHECK(printable("a\tb\r\nc") == "a b  c");
  CHECK(printable("\x1b[31m\x7f") == "?[31m?");
  CHECK(printable("\u009b31m \u0085") == "?31m ?");                       // CSI and NEL in one character
  CHECK(printable("\u202eabc\u2066 \u200f\u061c\u2028") == "?abc? ???");  // direction, line separator
  CHECK(printable("\U000e0041") == "?");                                  // an invisible tag
  CHECK(printable(std::string_view("\x9b\xff\0", 3)) == "\ufffd\ufffd?");
}

TEST_CASE("a message has such characters escaped") {
  CHECK(one_line("a\nb\x1b") == "a\\nb\\x1b");
  CHECK(one_line("\u009b \u202e \u00e9") == "\\u009b \\u202e \u00e9");
  CHECK(one_line("\xff\u00e9") == "\\xff\\xc3\\xa9");
}

TEST_CASE("no cell of a table breaks its row") { CHECK(format_table({{"a\nb", "\u202ec"}}) == "a b  ?c\n"); }

}  // namespace host::base

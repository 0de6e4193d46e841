#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include "base/quote.hpp"
#include "base/table_text.hpp"

namespace host::base {

TEST_CASE("what a terminal acts on is not shown raw") {
  // ESC, DEL, CSI of one character, right-to-left override, isolate, line separator
  const std::string bad = "a\x1b[2J\x7f\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8z";
  CHECK(shown_text(bad) == "a?[2J?????z");
  CHECK(one_line(bad) == "a\\x1b[2J\\x7f\\u009b\\u202e\\u2066\\u2028z");
  const std::string good =
      "Gr\xc3\xbc\xc3\x9f"
      "e \xe2\x82\xac \xf0\x9f\x98\x80";
  CHECK(shown_text(good) == good);
  CHECK(one_line(good) == good);
}

TEST_CASE("no cell of a table breaks its row") { CHECK(format_table({{"a\nb", "\u202ec"}}) == "a b  ?c\n"); }

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  CHECK(valid_utf8("a\xff\xc3(") == "a\xef\xbf\xbd\xef\xbf\xbd(");
  CHECK(one_line("a\xff\n") == "a\\xff\\n");
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));  // half of a pair
  CHECK_FALSE(is_utf8("\xc0\x80"));      // longer than need be
  CHECK(is_utf8(""));
}

}  // namespace host::base

#include "fuzz/mutate.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::array tokens = {"\""sv,
                               "\\"sv,
                               "{"sv,
                               "}"sv,
                               "["sv,
                               "]"sv,
                               ","sv,
                               ":"sv,
                               "\n"sv,
                               "\r"sv,
                               "\0"sv,
                               "="sv,
                               "-1"sv,
                               "NaN"sv,
                               "1e999"sv,
                               "-0"sv,
                               "null"sv,
                               "true"sv,
                               "\xff"sv,
                               "'"sv,
                               "\x1b["sv,
                               "../"sv,
                               "0x1"sv,
                               "1e-400"sv,
                               "\xe2\x80\xae"sv,
                               "9223372036854775807"sv,
                               "-9223372036854775808"sv,
                               "18446744073709551616"sv,
                               "2033-01-01"sv,
                               "\"a\":"sv,
                               "[[[[[[[["sv,
                               "{\"a\":{\"a\":{\"a\":"sv};

size_t below(Random& random, size_t n) { return n == 0 ? 0 : random() % n; }

void change(std::string& text, Random& random) {
  constexpr size_t longest = 1 << 20;
  const auto at = below(random, text.size() + 1);
  const auto size = std::min(text.size() - at, 1 + below(random, below(random, 8) == 0 ? 4096 : 16));
  switch (below(random, 9)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(random, 8)));
      break;
    case 1:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 2:
    case 3:
      text.insert(at, tokens[below(random, tokens.size())]);
      break;
    case 4:
      text.erase(at, size);
      break;
    case 5:
      text.insert(below(random, text.size() + 1), text.substr(at, size));
      break;
    case 6: {  // a number for another one
      const auto digit = text.find_first_of("0123456789", at);
      if (digit == std::string::npos) break;
      const auto end = std::min(text.find_first_not_of("0123456789.eE+-", digit), text.size());
      text.replace(digit, end - digit,
                   random() % 2 == 0 ? std::to_string(random()) : tokens[below(random, tokens.size())]);
      break;
    }
    case 7: {  // one part many times
      const auto part = text.substr(at, size);
      for (auto n = below(random, 200); n > 0 && text.size() < longest; --n) text.insert(at, part);
      break;
    }
    default:
      text.resize(at);
  }
}

}  // namespace

std::string mutate(std::string text, Random& random) {
  for (auto n = 1 + below(random, 8); n > 0; --n) change(text, random);
  return text;
}

}  // namespace fuzz

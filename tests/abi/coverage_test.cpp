// Reads abi.h as text, so that a struct or member that layout.txt does not hold yet cannot be forgotten.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace {

std::string read(const std::string& file) {
  std::ifstream in(file);
  REQUIRE_MESSAGE(in, file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::smatch> matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), {}};
}

// "type" and "type.member" of every struct in the header.
std::vector<std::string> declared(const std::string& header) {
  static const std::regex comment(R"(/\*(?:[^*]|\*(?!/))*\*/)");
  static const std::regex structure(R"(typedef struct (\w+) \{([^}]*)\} \w+;)");
  // The name before ';', or the one in (*name)( of a function pointer.
  static const std::regex member(R"((?:\(\*(\w+)\)\([^;]*|(\w+)(?:\[\d+\])?);)");
  const auto code = std::regex_replace(header, comment, "");
  std::vector<std::string> out;
  for (const auto& found : matches(code, structure)) {
    out.push_back(found[1]);
    const auto body = found[2].str();
    for (const auto& name : matches(body, member))
      out.push_back(found[1].str() + "." + (name[1].matched ? name[1].str() : name[2].str()));
  }
  return out;
}

// The first word of each line.
std::vector<std::string> listed(const std::string& layout) {
  static const std::regex first_word(R"((?:^|\n)(\S+) )");
  std::vector<std::string> out;
  for (const auto& found : matches(layout, first_word)) out.push_back(found[1]);
  return out;
}

}  // namespace

TEST_CASE("the header is read as meant") {
  const auto names = declared(R"(
    typedef struct a {
      uint32_t x; /* with ; inside */
      sage_status (*f)(void* self, const a* const** out);
      const void* const* p;
    } a;
    typedef struct b { double y; } b;)");
  CHECK(names == std::vector<std::string>{"a", "a.x", "a.f", "a.p", "b", "b.y"});
}

TEST_CASE("layout.txt lists every struct and member of abi.h, in order") {
  const auto header = read(SAGE_ABI_HEADER);
  const auto names = declared(header);
  CHECK(names.size() > 150);
  CHECK(names == listed(read(SAGE_ABI_LAYOUT)));
  static const std::regex any_struct(R"(\bstruct\s+\w+\s*\{)");
  const auto structs =
      std::ranges::count_if(names, [](const auto& name) { return name.find('.') == std::string::npos; });
  CHECK(matches(header, any_struct).size() == static_cast<size_t>(structs));  // none of another form was overlooked
}

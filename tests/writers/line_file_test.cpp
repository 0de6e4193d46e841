#include "writers/line_file.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "writers/sample_run.hpp"

using host::writers::LineFile;

namespace {

// Lines of changing length, so that some of them would cross a page.
std::string line(size_t i) {
  return "{\"n\":" + std::to_string(i) + ",\"x\":\"" + std::string(i * 37 % 900, 'x') + "\"}";
}

bool crosses_a_page(size_t begin, size_t end) { return begin / LineFile::page != (end - 1) / LineFile::page; }

}  // namespace

TEST_CASE("no line of up to a page crosses the end of one") {
  const sample::Folder folder("line-file");
  LineFile file(folder / "lines");
  for (size_t i = 0; i < 5000; ++i) {
    file.append(line(i));
    if (i % 700 == 0) file.flush();  // also where a flush left the last page partly filled
  }
  file.close();
  const auto text = sample::text_of(folder / "lines");
  size_t begin = 0;
  size_t lines = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1, ++lines) {
    const auto first = text.find_first_not_of(' ', begin);
    const auto last = text.find_last_not_of(' ', end - 1);
    CHECK(text.substr(first, last + 1 - first) == line(lines));
    CHECK_FALSE(crosses_a_page(first, last + 1));
  }
  CHECK(lines == 5000);
  CHECK(begin == text.size());
  CHECK(text.size() > LineFile::block);
}

TEST_CASE("lines longer than a page, and longer than the buffer, are written whole") {
  const sample::Folder folder("line-file");
  LineFile file(folder / "lines");
  const std::vector<std::string> lines = {"[1]", std::string(10'000, 'a'), "[2]", std::string(600'000, 'b'), "[3]"};
  for (const auto& text : lines) file.append(text);
  file.close();
  auto found = sample::lines_of(folder / "lines");
  for (auto& text : found) {
    text.erase(text.find_last_not_of(' ') + 1);
    text.erase(0, text.find_first_not_of(' '));
  }
  CHECK(found == lines);
}

TEST_CASE("a folder that is missing is an error with path, reason and remedy") {
  CHECK_THROWS_WITH_AS(LineFile("/nonexistent/records.jsonl"),
                       "/nonexistent/records.jsonl: cannot be written: No such file or directory; check the folder or "
                       "choose another --output-dir",
                       host::base::Error);
}

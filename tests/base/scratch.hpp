// A private folder of files for one test, removed with it; and what an error says.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace scratch {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    auto name = (fs::temp_directory_path() / "sage-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = fs::canonical(name);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path write(const fs::path& name, std::string_view content) const {
    const auto file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  fs::path path_;
};

// The text of the Error that `call` throws, checked to be a single line; "" when it throws none.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const host::base::Error& e) {
    const std::string text = e.what();
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "";
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// A manifest that is in order.
inline std::string manifest(std::string_view kind, std::string_view id, std::string_view more = "") {
  std::string out = "schema = 1\nkind = \"";
  out.append(kind).append("\"\nid = \"").append(id);
  out.append("\"\nversion = \"0.1.0\"\nabi = \"1.0\"\nlibrary = \"lib.so\"\n");
  return out.append(more).append("\n");
}

}  // namespace scratch

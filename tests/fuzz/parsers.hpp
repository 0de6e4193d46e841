// What reads input from outside, each with an input that it takes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fuzz {

struct Parser {
  std::string name;
  std::vector<std::string> good;                      // inputs to begin with
  std::function<void(const std::string& text)> read;  // may throw an exception that says why not
};

// `run`: the folder of a run with all its files, `pair`: one of a paired run. `scratch` is for the files that are read.
std::vector<Parser> parsers(const std::filesystem::path& run, const std::filesystem::path& pair,
                            const std::filesystem::path& scratch);

}  // namespace fuzz

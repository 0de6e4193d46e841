// One file of results, line by line. Whatever it holds, memory stays bounded and nothing is thrown.
#pragma once

#include <filesystem>
#include <istream>
#include <vector>

#include "base/json_text.hpp"
#include "compare/results.hpp"

namespace host::compare {

// Caps that no real file meets; beyond them the rest is left out, with a problem that says so.
constexpr size_t longest_line = base::json_line_max;  // bytes
constexpr size_t most_fields = 1000;                  // of a CSV row
constexpr uintmax_t largest_file = uintmax_t{512} << 20;
constexpr size_t most_records = 100'000;  // of a file
constexpr size_t most_problems = 50;      // told of a file

struct FileResults {
  std::vector<ResultRecord> records;
  std::vector<InputProblem> problems;
};

// CSV after RFC 4180 where the name ends in .csv, else JSON lines.
FileResults read_result_file(const std::filesystem::path& file);

// The parts of it: `file` is for messages.
FileResults read_jsonl(std::istream& in, const std::filesystem::path& file);
FileResults read_csv(std::istream& in, const std::filesystem::path& file);

// Collects what the lines of one file give.
class FileReader {
 public:
  explicit FileReader(std::filesystem::path file) : file_(std::move(file)) {}
  // The typed members from the columns; a line without backend or workload is a problem.
  void add(nlohmann::ordered_json columns, size_t line);
  void problem(size_t line, const std::string& text);
  [[nodiscard]] bool full() const { return out_.records.size() >= most_records; }
  FileResults finish();

 private:
  std::filesystem::path file_;
  FileResults out_;
  size_t problems_ = 0;
};

}  // namespace host::compare

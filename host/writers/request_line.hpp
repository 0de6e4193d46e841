// A finished request as a line of records.jsonl.
#pragma once

#include <string>
#include <vector>

#include "records/rows.hpp"

namespace host::writers {

// Formats into memory that the caller gives: about 240 bytes a row, no allocation.
class RequestLine {
 public:
  RequestLine(const std::vector<std::string>& classes, const std::vector<std::string>& tenants);
  [[nodiscard]] size_t max_bytes() const { return max_bytes_; }
  // Writes the line, '\n' included, and returns its end. `out` has room for max_bytes().
  char* format(char* out, const records::RequestRow& row) const;

 private:
  std::vector<std::string> classes_;  // `,"class":"chat"`, by class_id; the last one stands for ids without a name
  std::vector<std::string> tenants_;
  size_t max_bytes_ = 0;
};

}  // namespace host::writers

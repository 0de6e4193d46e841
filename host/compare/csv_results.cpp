// CSV after RFC 4180: quoted fields may hold commas, quotes and line ends.
#include <fmt/format.h>

#include <algorithm>

#include "compare/result_file.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
  std::vector<std::string> fields;
  size_t line = 0;           // where it begins
  std::string_view problem;  // why its fields are not to be used
};

class RowReader {
 public:
  explicit RowReader(std::istream& in) : buffer_(*in.rdbuf()) {}

  // False at the end of the file.
  bool next(Row& row) {
    row = {{}, line_, {}};
    row.fields.emplace_back();
    bytes_ = 0;
    bool quoted = false;
    bool any = false;
    for (;;) {
      const auto c = buffer_.sbumpc();
      if (c == eof) {
        if (quoted) row.problem = "a quoted field has no end";
        return any;
      }
      any = true;
      if (c == '\n') ++line_;
      if (quoted) {
        if (c != '"')
          put(row, static_cast<char>(c));
        else if (buffer_.sgetc() == '"')
          put(row, static_cast<char>(buffer_.sbumpc()));
        else
          quoted = false;
      } else if (c == '"' && row.fields.back().empty()) {
        quoted = true;
      } else if (c == ',') {
        next_field(row);
      } else if (c == '\n') {
        return true;
      } else if (c != '\r' || buffer_.sgetc() != '\n') {
        put(row, static_cast<char>(c));
      }
    }
  }

 private:
  static constexpr auto eof = std::char_traits<char>::eof();

  // The rest of a row that is refused is passed over.
  void put(Row& row, char c) {
    if (++bytes_ > longest_line) row.problem = "a row is longer than 16 MiB";
    if (row.problem.empty()) row.fields.back() += c;
  }
  void next_field(Row& row) {
    if (row.fields.size() >= most_fields) row.problem = "a row has more than 1000 fields";
    if (row.problem.empty()) row.fields.emplace_back();
  }

  std::streambuf& buffer_;
  size_t line_ = 1;
  size_t bytes_ = 0;  // of the row
};

// Bytes that are not UTF-8 become U+FFFD.
Json text_value(const std::string& field) {
  return Json::parse(Json(field).dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool blank(const Row& row) { return row.fields.size() == 1 && row.fields[0].empty() && row.problem.empty(); }

}  // namespace

FileResults read_csv(std::istream& in, const std::filesystem::path& file) {
  FileReader reader(file);
  RowReader rows(in);
  Row header;
  if (!rows.next(header)) return reader.finish();
  if (header.fields[0].starts_with("\xEF\xBB\xBF")) header.fields[0].erase(0, 3);
  if (const auto& last = header.fields.back(); last.find('\r') != std::string::npos)
    reader.problem(1, "its lines end in CR only; convert them, as with: tr '\\r' '\\n'");
  for (const auto* needed : {"backend", "workload"}) {
    if (std::ranges::find(header.fields, needed) != header.fields.end()) continue;
    reader.problem(1, fmt::format("no results: its header has no column '{}'", needed));
    return reader.finish();
  }
  for (auto at = header.fields.begin(); at != header.fields.end(); ++at)
    if (std::find(header.fields.begin(), at, *at) != at)
      reader.problem(1, fmt::format("column '{}' stands twice; its last value is read", *at));
  for (Row row; rows.next(row);) {
    if (blank(row)) continue;
    if (reader.full()) {
      reader.problem(row.line, fmt::format("left out from here on: more than {} records", most_records));
      break;
    }
    if (!row.problem.empty()) {
      reader.problem(row.line, fmt::format("left out: {}", row.problem));
      continue;
    }
    if (row.fields.size() != header.fields.size()) {
      reader.problem(row.line,
                     fmt::format("left out: {} fields, the header has {}", row.fields.size(), header.fields.size()));
      continue;
    }
    auto columns = Json::object();
    for (size_t i = 0; i < row.fields.size(); ++i)
      columns[header.fields[i]] = row.fields[i].empty() ? Json(nullptr) : text_value(row.fields[i]);
    reader.add(std::move(columns), row.line);
  }
  return reader.finish();
}

}  // namespace host::compare

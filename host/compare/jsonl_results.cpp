// JSON lines, also as Python's json module writes them: NaN and Infinity are tokens there.
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "compare/result_file.hpp"

namespace host::compare {
namespace {

using Json = nlohmann::ordered_json;

struct Prepared {
  std::string text;      // with null in the place of NaN and infinities
  size_t nonfinite = 0;  // how many there were
};

// The length of a token that JSON does not have, 0 if none is there.
size_t nonfinite_at(std::string_view text) {
  for (const std::string_view token : {"NaN", "-Infinity", "Infinity"})
    if (text.starts_with(token)) return token.size();
  return 0;
}

Prepared prepare(std::string_view line) {
  Prepared out;
  out.text.reserve(line.size());
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      out.text += c;
      if (c == '\\' && i + 1 < line.size()) out.text += line[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (const auto length = c == 'N' || c == '-' || c == 'I' ? nonfinite_at(line.substr(i)) : 0; length > 0) {
      out.text += "null";
      ++out.nonfinite;
      i += length - 1;
      continue;
    }
    in_string = c == '"';
    out.text += c;
  }
  return out;
}

// "syntax error while parsing value - unexpected end of input" of nlohmann's longer text.
std::string cause(const Json::exception& e) {
  std::string_view text = e.what();
  if (const auto at = text.find("] "); at != std::string_view::npos) text.remove_prefix(at + 2);
  if (const auto at = text.find("; last read"); at != std::string_view::npos) text = text.substr(0, at);
  return std::string(text.substr(0, 160));
}

}  // namespace

FileResults read_jsonl(std::istream& in, const std::filesystem::path& file) {
  FileReader reader(file);
  std::string line;
  bool too_long = false;
  for (size_t number = 1; base::next_json_line(in, line, too_long); ++number) {
    std::string_view text = line;
    if (number == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (reader.full()) {
      reader.problem(number, fmt::format("left out from here on: more than {} records", most_records));
      break;
    }
    if (too_long) {
      reader.problem(number, fmt::format("left out: longer than {} MiB", longest_line >> 20));
      continue;
    }
    const auto outline = base::outline_json(text);
    if (!outline.refusal.empty()) {
      reader.problem(number, "left out: " + outline.refusal);
      continue;
    }
    if (!outline.twice.empty())
      reader.problem(number, fmt::format("'{}' stands twice in an object; its last value is read", outline.twice));
    auto prepared = prepare(text);
    try {
      auto record = Json::parse(prepared.text);
      if (!record.is_object()) {
        reader.problem(number, "no record: it is no JSON object");
        continue;
      }
      if (prepared.nonfinite > 0)
        reader.problem(number, fmt::format("{} values are NaN or infinite; read as not measured", prepared.nonfinite));
      reader.add(std::move(record), number);
    } catch (const Json::exception& e) {
      reader.problem(number, "no JSON: " + cause(e));
    }
  }
  return reader.finish();
}

}  // namespace host::compare

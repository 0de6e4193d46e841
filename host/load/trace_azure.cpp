#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "base/quote.hpp"
#include "load/trace_format.hpp"

namespace host::load {
namespace {

constexpr std::array<std::string_view, 3> column_names = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};
constexpr int64_t ns_per_s = 1'000'000'000;

// Takes a field off the front, after RFC 4180: one in quotes may hold commas. Quotes within it stay doubled: no column
// that is read has any.
std::string_view take_field(std::string_view& line) {
  if (!line.starts_with('"')) {
    const auto field = line.substr(0, line.find(','));
    line.remove_prefix(field.size());
    return field;
  }
  auto end = line.find('"', 1);
  while (end != std::string_view::npos && line.substr(end + 1).starts_with('"')) end = line.find('"', end + 2);
  if (end == std::string_view::npos) throw BadLine("a quoted field has no end on its line");
  const auto field = line.substr(1, end - 1);
  line.remove_prefix(end + 1);
  if (!line.empty() && !line.starts_with(','))
    throw BadLine(fmt::format("{} behind a quoted field, expected a comma", base::in_quotes(line)));
  return field;
}

// Calls visit(index, field) for each field; returns how many there are.
template <class Visit>
size_t for_each_field(std::string_view line, Visit visit) {
  size_t index = 0;
  for (;; ++index) {
    visit(index, take_field(line));
    if (line.empty()) return index + 1;
    line.remove_prefix(1);
  }
}

uint32_t parse_tokens(std::string_view name, std::string_view text) {
  uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end)
    throw BadLine(fmt::format("{} is {}, expected a whole number from 0 to {}", name, base::in_quotes(text),
                              std::numeric_limits<uint32_t>::max()));
  return value;
}

// Reads a timestamp from the left; false once anything was not as expected.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  // Exactly `digits` digits, of a value from low to high.
  bool number(size_t digits, int low, int high, int& value) {
    if (rest_.size() < digits || !std::ranges::all_of(rest_.substr(0, digits), is_digit)) return false;
    value = 0;
    for (; digits > 0; --digits, rest_.remove_prefix(1)) value = value * 10 + (rest_.front() - '0');
    return value >= low && value <= high;
  }
  bool one_of(std::string_view characters, char& found) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    found = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool skip(std::string_view characters) {
    char found = 0;
    return one_of(characters, found);
  }
  // 1 to 9 decimals of a second, in ns.
  bool decimals(int64_t& value_ns) {
    size_t digits = 0;
    for (value_ns = 0; digits < 9 && !rest_.empty() && is_digit(rest_.front()); ++digits, rest_.remove_prefix(1))
      value_ns = value_ns * 10 + (rest_.front() - '0');
    const bool any = digits > 0;
    for (; digits < 9; ++digits) value_ns *= 10;
    return any;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
};

std::optional<int64_t> timestamp_ns(std::string_view text) {
  using namespace std::chrono;
  Cursor at(text);
  int y = 0, m = 0, d = 0, hours_ = 0, minutes_ = 0, seconds_ = 0;
  if (!at.number(4, 1970, 2199, y) || !at.skip("-") || !at.number(2, 1, 12, m) || !at.skip("-") ||
      !at.number(2, 1, 31, d) || !at.skip(" T") || !at.number(2, 0, 23, hours_) || !at.skip(":") ||
      !at.number(2, 0, 59, minutes_) || !at.skip(":") || !at.number(2, 0, 59, seconds_))
    return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  int64_t fraction_ns = 0;
  if (at.skip(".") && !at.decimals(fraction_ns)) return std::nullopt;
  int offset_min = 0;
  if (char sign = 0; !at.skip("Z") && at.one_of("+-", sign)) {
    int off_hours = 0, off_minutes = 0;
    if (!at.number(2, 0, 23, off_hours) || !at.skip(":") || !at.number(2, 0, 59, off_minutes)) return std::nullopt;
    offset_min = (sign == '-' ? -1 : 1) * (off_hours * 60 + off_minutes);
  }
  if (!at.done()) return std::nullopt;
  const int64_t days = sys_days{date}.time_since_epoch().count();
  const int64_t minutes = (days * 24 + hours_) * 60 + minutes_ - offset_min;
  return (minutes * 60 + seconds_) * ns_per_s + fraction_ns;
}

}  // namespace

int64_t parse_timestamp_ns(std::string_view text) {
  if (const auto ns = timestamp_ns(text)) return *ns;
  throw BadLine(fmt::format("{} is {}, expected a date and time such as 2023-11-16 18:17:03.9799600", column_names[0],
                            base::in_quotes(text)));
}

std::optional<AzureFormat> AzureFormat::from_header(std::string_view line) {
  AzureFormat format;
  std::array<bool, 3> found{};
  for_each_field(line, [&](size_t index, std::string_view field) {
    const auto it = std::ranges::find(column_names, field);
    if (it == column_names.end()) return;
    const auto which = static_cast<size_t>(it - column_names.begin());
    found[which] = true;
    format.columns_[which] = index;
    format.needed_ = std::max(format.needed_, index + 1);
  });
  if (std::ranges::none_of(found, [](bool is) { return is; })) return std::nullopt;
  for (size_t i = 0; i < found.size(); ++i)
    if (!found[i])
      throw BadLine(fmt::format("the header {} has no column {}; expected {},{},{}", base::in_quotes(line),
                                column_names[i], column_names[0], column_names[1], column_names[2]));
  return format;
}

TraceRow AzureFormat::parse(std::string_view line) const {
  std::array<std::string_view, 3> fields;
  const auto count = for_each_field(line, [&](size_t index, std::string_view field) {
    for (size_t i = 0; i < fields.size(); ++i)
      if (columns_[i] == index) fields[i] = field;
  });
  if (count < needed_) throw BadLine(fmt::format("{} columns, expected {} as in the header", count, needed_));
  return {parse_timestamp_ns(fields[0]), 0, parse_tokens(column_names[1], fields[1]),
          parse_tokens(column_names[2], fields[2])};
}

}  // namespace host::load

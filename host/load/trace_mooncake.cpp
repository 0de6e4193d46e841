#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sage/plugin.hpp>

#include "base/quote.hpp"
#include "load/trace_format.hpp"

namespace host::load {
namespace {

using nlohmann::json;

// Year 2199 in ms since 1970: as in the other format, and far from overflow in ns.
constexpr double latest_ms = 7.26e12;
constexpr double ns_per_ms = 1e6;

// Takes the members of the one object as events, without building it: of hundreds of blocks in a line, only the first
// few count.
class Members final : public nlohmann::json_sax<json> {
 public:
  explicit Members(TraceRow& row) : row_(row) {}

  bool null() override { return other("null"); }
  bool boolean(bool value) override { return other(value ? "true" : "false"); }
  bool string(string_t& value) override { return other(base::in_quotes(value)); }
  bool binary(binary_t& /*value*/) override { return true; }
  bool number_integer(number_integer_t value) override { return negative(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 2 && member_ == Member::blocks) return block(value);
    if (depth_ > 1) return true;
    if (member_ == Member::timestamp) return timestamp(static_cast<double>(value), std::to_string(value));
    if (member_ == Member::input) return tokens(value, row_.units_in);
    if (member_ == Member::output) return tokens(value, row_.units_out);
    return other(std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    if (depth_ == 1 && member_ == Member::timestamp) return timestamp(value, text);
    return other(text);
  }
  bool start_object(size_t /*size*/) override {
    if (depth_ != 0) other("an object");
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(size_t /*size*/) override {
    if (depth_ == 0) throw BadLine("a JSON array, expected an object");
    if (depth_ != 1 || member_ != Member::blocks) other("an array");
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ != 1) return true;
    member_ = name == "timestamp"       ? Member::timestamp
              : name == "input_length"  ? Member::input
              : name == "output_length" ? Member::output
              : name == "hash_ids"      ? Member::blocks
                                        : Member::other;
    const auto bit = 1U << static_cast<unsigned>(member_);
    if (member_ != Member::other && (seen_ & bit) != 0) throw BadLine(fmt::format("'{}' twice in one object", name));
    seen_ |= bit;
    return true;
  }
  bool parse_error(size_t /*at*/, const std::string& /*token*/, const nlohmann::detail::exception& e) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 9: ..." counts lines within this one line.
    const std::string text = e.what();
    for (const std::string_view last : {"line 1, ", "] "})
      if (const auto at_last = text.find(last); at_last != std::string::npos)
        throw BadLine("not a JSON object: " + base::one_line(text.substr(at_last + last.size())));
    throw BadLine("not a JSON object: " + base::one_line(text));
  }

  void check_complete() const {
    for (const auto member : {Member::timestamp, Member::input, Member::output})
      if ((seen_ & (1U << static_cast<unsigned>(member))) == 0)
        throw BadLine(fmt::format("no {}; expected timestamp, input_length and output_length", name_of(member)));
  }

 private:
  enum class Member : unsigned { other, timestamp, input, output, blocks };

  static const char* name_of(Member member) {
    constexpr const char* names[] = {"other", "timestamp", "input_length", "output_length", "hash_ids"};
    return names[static_cast<size_t>(member)];
  }
  bool timestamp(double ms, const std::string& found) {
    if (!(ms >= 0 && ms <= latest_ms))
      throw BadLine(fmt::format("timestamp is {}, expected ms from 0 to {}", found, latest_ms));
    row_.at_ns = std::llround(ms * ns_per_ms);
    return true;
  }
  bool tokens(uint64_t value, uint32_t& into) {
    if (value > std::numeric_limits<uint32_t>::max()) return other(std::to_string(value));
    into = static_cast<uint32_t>(value);
    return true;
  }
  bool block(uint64_t id) {
    if (blocks_++ < key_blocks) row_.key = sage::Draw::mix(row_.key + id + 0x9e3779b97f4a7c15ULL);
    return true;
  }
  bool negative(const std::string& found) {
    // Hashes of blocks are opaque: a negative one is as good as any.
    if (depth_ == 2 && member_ == Member::blocks) return block(sage::Draw::fnv1a(found));
    return other(found);
  }
  // A value that is right only in a member, or a place, that does not matter here.
  bool other(const std::string& found) {
    if (depth_ == 0) throw BadLine(fmt::format("{}, expected a JSON object", found));
    if (member_ == Member::other || depth_ > (member_ == Member::blocks ? 2 : 1)) return true;
    if (member_ == Member::timestamp) throw BadLine(fmt::format("timestamp is {}, expected ms from 0", found));
    if (member_ == Member::blocks)
      throw BadLine(
          fmt::format("hash_ids {} {}, expected an array of whole numbers", depth_ == 2 ? "holds" : "is", found));
    throw BadLine(fmt::format("{} is {}, expected a whole number from 0 to {}", name_of(member_), found,
                              std::numeric_limits<uint32_t>::max()));
  }

  TraceRow& row_;
  int depth_ = 0;
  Member member_ = Member::other;
  unsigned seen_ = 0;
  size_t blocks_ = 0;
};

}  // namespace

TraceRow parse_mooncake(std::string_view line) {
  TraceRow row;
  Members members(row);
  json::sax_parse(line, &members);
  members.check_complete();
  return row;
}

}  // namespace host::load

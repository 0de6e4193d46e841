#include "writers/request_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace host::writers {
namespace {

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

template <class Integer>
char* put_number(char* out, Integer value) {
  const fmt::format_int digits(value);
  return put(out, {digits.data(), digits.size()});
}

char* put_time(char* out, int64_t ns) { return ns < 0 ? put(out, "null") : put_number(out, ns); }

constexpr auto hex_pairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  constexpr std::string_view digits = "0123456789abcdef";
  for (size_t i = 0; i < 256; ++i) pairs[i] = {digits[i >> 4], digits[i & 15]};
  return pairs;
}();

char* put_digest(char* out, uint64_t digest) {
  if (digest == 0) return put(out, "null");
  *out++ = '"';
  for (int shift = 56; shift >= 0; shift -= 8, out += 2) std::memcpy(out, hex_pairs[(digest >> shift) & 255].data(), 2);
  *out++ = '"';
  return out;
}

std::vector<std::string> members(std::string_view key, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    const auto text = nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.push_back(fmt::format(",\"{}\":{}", key, text));
  }
  out.push_back(fmt::format(",\"{}\":null", key));
  return out;
}

size_t longest(const std::vector<std::string>& texts) {
  size_t size = 0;
  for (const auto& text : texts) size = std::max(size, text.size());
  return size;
}

}  // namespace

RequestLine::RequestLine(const std::vector<std::string>& classes, const std::vector<std::string>& tenants)
    : classes_(members("class", classes)), tenants_(members("tenant", tenants)) {
  constexpr size_t keys = 200;                     // all the fixed text of format(), 158 bytes, and the longest outcome
  constexpr size_t numbers = 6 * 20 + 3 * 5 + 18;  // seq and times; phase, node and units; digest
  max_bytes_ = keys + numbers + longest(classes_) + longest(tenants_);
}

char* RequestLine::format(char* out, const records::RequestRow& row) const {
  out = put(out, "{\"type\":\"request\",\"seq\":");
  out = put_number(out, row.seq);
  out = put(out, classes_[std::min<size_t>(row.class_id, classes_.size() - 1)]);
  out = put(out, tenants_[std::min<size_t>(row.tenant, tenants_.size() - 1)]);
  out = put(out, ",\"phase\":");
  out = put_number(out, static_cast<unsigned>(row.phase));
  out = put(out, ",\"outcome\":\"");
  out = put(out, metrics::to_string(static_cast<metrics::Outcome>(row.outcome)));
  out = put(out, "\",\"due_ns\":");
  out = put_number(out, row.due_ns);
  out = put(out, ",\"sent_ns\":");
  out = put_time(out, row.sent_ns);
  out = put(out, ",\"begun_ns\":");
  out = put_time(out, row.begun_ns);
  out = put(out, ",\"first_ns\":");
  out = put_time(out, row.first_ns);
  out = put(out, ",\"done_ns\":");
  out = put_time(out, row.done_ns);
  out = put(out, ",\"node\":");
  out = put_number(out, static_cast<unsigned>(row.node));
  out = put(out, ",\"units\":");
  out = put_number(out, static_cast<unsigned>(row.units));
  out = put(out, ",\"digest\":");
  out = put_digest(out, row.digest);
  return put(out, "}\n");
}

}  // namespace host::writers

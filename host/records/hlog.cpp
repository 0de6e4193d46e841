#include "records/hlog.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/error.hpp"
#include "base/input_file.hpp"

namespace host::records {
namespace {

// The layout of org.HdrHistogram.AbstractHistogram's V2 encoding: big-endian, counts as zig-zag LEB128 of at most 9
// bytes, runs of empty buckets as one negative number.
constexpr uint32_t cookie = 0x1c849313;             // V2, with such counts
constexpr uint32_t compressed_cookie = 0x1c849314;  // a zlib stream of the former
constexpr size_t header_size = 40;
constexpr uint32_t digits = 3;
constexpr size_t bucket_count = size_t{metrics::buckets::rows} * metrics::buckets::row_size;
constexpr size_t encoded_max = header_size + bucket_count * 9;
constexpr uintmax_t file_max = 64U << 20;
constexpr uint64_t samples_max =
    1'000'000'000'000'000;            // of a log: 31 years at 1e6/s; sums of many logs do not overflow
constexpr size_t entries_max = 2000;  // each takes up to 280 KB; a run has one for each class, tenant and phase
constexpr auto legend = "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

void put_int(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void put_count(std::string& out, int64_t count) {
  auto value = (static_cast<uint64_t>(count) << 1) ^ static_cast<uint64_t>(count >> 63);
  for (int i = 0; i < 8 && value >= 0x80; ++i, value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::string encode(const metrics::Histogram& histogram) {
  std::string counts;
  size_t next = 0;
  histogram.for_each([&](int64_t value, uint64_t count) {
    const auto at = metrics::buckets::position(value);
    const size_t index = size_t{at.row} * metrics::buckets::row_size + at.column;
    if (const auto zeros = index - next; zeros > 0) put_count(counts, zeros == 1 ? 0 : -static_cast<int64_t>(zeros));
    put_count(counts, static_cast<int64_t>(count));
    next = index + 1;
  });
  std::string out;
  put_int(out, cookie, 4);
  put_int(out, counts.size(), 4);
  put_int(out, 0, 4);  // normalizing index offset
  put_int(out, digits, 4);
  put_int(out, 1, 8);  // lowest discernible value
  put_int(out, static_cast<uint64_t>(metrics::buckets::max_value), 8);
  put_int(out, std::bit_cast<uint64_t>(1.0), 8);  // integer to double ratio
  return out + counts;
}

std::string compress(const std::string& text) {
  auto size = compressBound(text.size());
  std::string out(size, '\0');
  ::compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size());
  out.resize(size);
  std::string framed;
  put_int(framed, compressed_cookie, 4);
  put_int(framed, size, 4);
  return framed + out;
}

std::string base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

// Reads numbers off the front; every failure is an exception with a reason, to which the caller adds the place.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

  uint64_t take_int(size_t n) {
    if (bytes_.size() < n) throw std::runtime_error("the histogram is cut off");
    uint64_t value = 0;
    for (size_t i = 0; i < n; ++i) value = value << 8 | static_cast<uint8_t>(bytes_[i]);
    bytes_.remove_prefix(n);
    return value;
  }

  int64_t take_count() {
    uint64_t value = 0;
    for (int i = 0;; ++i) {
      const auto byte = take_int(1);
      value |= (i == 8 ? byte : byte & 0x7f) << (7 * i);
      if (i == 8 || byte < 0x80) break;
    }
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }

 private:
  std::string_view bytes_;
};

std::string from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 2 * encoded_max)
    throw std::runtime_error("the histogram is not Base64");
  std::string out(text.size() / 4 * 3, '\0');
  const auto n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (n < 0) throw std::runtime_error("the histogram is not Base64");
  const auto padding = text.ends_with("==") ? 2U : text.ends_with("=") ? 1U : 0U;
  out.resize(static_cast<size_t>(n) - padding);
  return out;
}

std::string uncompress(std::string_view bytes) {
  Bytes in(bytes);
  if (in.take_int(4) != compressed_cookie)
    throw std::runtime_error("the histogram is not in the V2 compressed encoding");
  if (in.take_int(4) != in.rest().size()) throw std::runtime_error("the histogram is cut off");
  std::string out(encoded_max, '\0');
  uLongf size = out.size();
  if (::uncompress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(in.rest().data()),
                   in.rest().size()) != Z_OK)
    throw std::runtime_error("the histogram cannot be uncompressed, or is larger than one of 3 digits can be");
  out.resize(size);
  return out;
}

// `samples`: of the log until then.
metrics::Histogram decode(std::string_view base64_text, uint64_t& samples) {
  const auto bytes = uncompress(from_base64(base64_text));
  Bytes in(bytes);
  if (in.take_int(4) != cookie) throw std::runtime_error("the histogram is not in the V2 encoding");
  const auto size = in.take_int(4);
  const bool plain = in.take_int(4) == 0 && in.take_int(4) == digits && in.take_int(8) == 1;
  in.take_int(8);  // highest trackable value: the buckets below it are the same
  const bool whole = std::bit_cast<double>(in.take_int(8)) == 1.0;
  if (!plain || !whole)
    throw std::runtime_error("the histogram is not of integers from 1 with 3 significant digits, unshifted");
  if (size != in.rest().size()) throw std::runtime_error("the histogram is cut off");
  metrics::Histogram out;
  size_t index = 0;
  while (!in.empty()) {
    const auto count = in.take_count();
    if (count < 0) {
      // INT64_MIN has no positive counterpart
      index += count < -static_cast<int64_t>(bucket_count) ? bucket_count : static_cast<size_t>(-count);
    } else {
      if (index >= bucket_count) throw std::runtime_error("the histogram has values beyond 2.4 hours");
      if (static_cast<uint64_t>(count) > samples_max - samples)
        throw std::runtime_error("the log counts more than 1e15 requests, which no run has");
      samples += static_cast<uint64_t>(count);
      if (count > 0)
        out.record(metrics::buckets::middle(static_cast<uint32_t>(index / metrics::buckets::row_size),
                                            static_cast<uint32_t>(index % metrics::buckets::row_size)),
                   static_cast<uint64_t>(count));
      ++index;
    }
  }
  return out;
}

double number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error(fmt::format("'{}' is not a number", text.substr(0, 40)));
  return value;
}

std::string_view take_field(std::string_view& line) {
  const auto comma = line.find(',');
  if (comma == std::string_view::npos) throw std::runtime_error("a line has too few fields");
  const auto field = line.substr(0, comma);
  line.remove_prefix(comma + 1);
  return field;
}

HlogEntry read_entry(std::string_view line, uint64_t& samples) {
  HlogEntry out;
  constexpr std::string_view tag = "Tag=";
  if (line.starts_with(tag)) out.tag = take_field(line).substr(tag.size());
  out.begin_s = number(take_field(line));
  out.seconds = number(take_field(line));
  take_field(line);  // the maximum, which the histogram has too
  out.histogram = decode(line, samples);
  return out;
}

}  // namespace

std::string hlog_tag(std::string_view kind, std::string_view name) {
  auto out = fmt::format("{}:{}", kind, name);
  for (auto& c : out)
    if (c == ',' || static_cast<unsigned char>(c) <= ' ') c = '_';
  return out;
}

std::string hlog_text(const std::vector<HlogEntry>& entries, std::string_view comment) {
  std::string out = fmt::format("#[{}]\n#[Histogram log format version 1.3]\n{}", comment, legend);
  for (const auto& entry : entries) {
    if (!entry.tag.empty()) out += fmt::format("Tag={},", entry.tag);
    // in ms, as the format's other writers scale nanoseconds
    out += fmt::format("{:.3f},{:.3f},{:.3f},{}\n", entry.begin_s, entry.seconds,
                       static_cast<double>(entry.histogram.max()) / 1e6, base64(compress(encode(entry.histogram))));
  }
  return out;
}

std::vector<HlogEntry> read_hlog(const std::filesystem::path& file) {
  auto in = base::open_input(file);
  if (!in) throw base::Error(base::Exit::failed, fmt::format("{}: cannot be read", file.string()));
  std::error_code no_size;  // of a pipe, say
  if (const auto size = std::filesystem::file_size(file, no_size); !no_size && size > file_max)
    throw base::Error(base::Exit::failed, fmt::format("{}: larger than 64 MiB, which no run writes", file.string()));
  std::vector<HlogEntry> out;
  size_t number_of_line = 0;
  uint64_t samples = 0;
  for (std::string line; std::getline(in, line);) {
    ++number_of_line;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#' || line[0] == '"') continue;
    try {
      if (out.size() == entries_max)
        throw std::runtime_error(fmt::format("more than {} histograms; merge or split the log", entries_max));
      out.push_back(read_entry(line, samples));
    } catch (const std::exception& e) {
      throw base::Error(base::Exit::failed, fmt::format("{}:{}: {}", file.string(), number_of_line, e.what()));
    }
  }
  return out;
}

}  // namespace host::records

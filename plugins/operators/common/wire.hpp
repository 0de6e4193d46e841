// What flows between the text stages: a message is a sequence of sections, each
//
//   u32 tag | u32 size | size bytes
//
// little endian and unpadded; integers and floats are copied out, so alignment does not matter. A stage reads the
// sections it needs and passes on those that later stages need. A message comes from another process or machine, so a
// reader trusts nothing: what is short, missing or not finite is a sage::Failure that names the section.
#pragma once

#include <sage/plugin.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace operators::common {

static_assert(std::endian::native == std::endian::little, "the wire layout is copied, not converted");

enum class Section : uint32_t {
  sizes = 1,      // Sizes
  query = 2,      // text
  vector = 3,     // f32[dimensions], unit length
  hits = 4,       // Hit[], best first
  context = 5,    // text within the token budget
  answer = 6,     // text
  matches = 7,    // Match[], best first
  batch = 8,      // Batch
  tokens = 9,     // u32[]
  features = 10,  // u8[]
};
const char* to_string(Section section);

// The request's sizes in tokens, as the first stage saw them: a trace may have set them, so they are not drawn again.
struct Sizes {
  uint32_t units_in = 0;
  uint32_t units_out = 0;
};

struct Hit {
  uint32_t document = 0;
  float score = 0;
};

// A partner in a join of two streams.
struct Match {
  uint64_t seq = 0;       // of the other request
  uint32_t document = 0;  // that the update of the two publishes
  float score = 0;
};

// The batch that a request belongs to.
struct Batch {
  uint64_t first_seq = 0;
  uint32_t members = 0;
  uint32_t position = 0;  // of this request, from 0
  uint32_t longest = 0;   // words of the longest query in it
  uint32_t level = 0;
};
static_assert(sizeof(Sizes) == 8 && sizeof(Hit) == 8 && sizeof(Match) == 16 && sizeof(Batch) == 24);

// Owns the bytes of a stage's output; kept in the operator, whose next run clears and reuses them.
class MessageWriter {
 public:
  void clear() { bytes_.clear(); }
  void put(Section section, std::span<const std::byte> bytes);
  void put_text(Section section, std::string_view text) { put(section, std::as_bytes(std::span(text))); }
  template <class T>
  void put_array(Section section, std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    put(section, std::as_bytes(values));
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Borrows the bytes of a stage's input. `stage` is named in messages.
class MessageReader {
 public:
  // Checks that the sections fill the message exactly.
  MessageReader(std::span<const std::byte> bytes, std::string_view stage);

  [[nodiscard]] bool has(Section section) const { return find(section).has_value(); }
  // The first section of that tag; throws when there is none.
  [[nodiscard]] std::span<const std::byte> get(Section section) const;
  [[nodiscard]] std::string_view text(Section section) const {
    const auto bytes = get(section);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] Sizes sizes() const;
  [[nodiscard]] Batch batch() const;
  void tokens(std::vector<uint32_t>& out) const;
  // A vector of exactly `dimensions` finite numbers.
  void vector(std::vector<float>& out, size_t dimensions) const;
  // Hits whose documents are below `documents` and whose scores are finite.
  void hits(std::vector<Hit>& out, size_t documents) const;

 private:
  [[nodiscard]] std::optional<std::span<const std::byte>> find(Section section) const;
  template <class T>
  [[nodiscard]] T one(Section section) const;
  template <class T>
  void copy(Section section, std::vector<T>& out) const;
  [[noreturn]] void refuse(Section section, std::string_view why) const;
  std::span<const std::byte> bytes_;
  std::string_view stage_;
};

// XXH3-64: fast, and the same value everywhere.
uint64_t digest_of(std::span<const std::byte> bytes);
inline uint64_t digest_of(std::string_view text) { return digest_of(std::as_bytes(std::span(text))); }

// Hands a finished message to the backend: result and digest.
void deliver(const MessageWriter& message, sage_op_output& out);

}  // namespace operators::common

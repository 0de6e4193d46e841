#include "operators/common/wire.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <limits>

namespace operators::common {
namespace {

struct Head {
  uint32_t tag;
  uint32_t size;
};
static_assert(sizeof(Head) == 8);

Head head_at(std::span<const std::byte> bytes, size_t at) {
  Head head{};
  std::memcpy(&head, bytes.data() + at, sizeof head);
  return head;
}

}  // namespace

const char* to_string(Section section) {
  switch (section) {
    case Section::sizes:
      return "sizes";
    case Section::query:
      return "query";
    case Section::vector:
      return "vector";
    case Section::hits:
      return "hits";
    case Section::context:
      return "context";
    case Section::answer:
      return "answer";
    case Section::matches:
      return "matches";
    case Section::batch:
      return "batch";
    case Section::tokens:
      return "tokens";
    case Section::features:
      return "features";
  }
  return "unknown";
}

void MessageWriter::put(Section section, std::span<const std::byte> bytes) {
  if (bytes.size() > std::numeric_limits<uint32_t>::max())
    throw sage::Failure(SAGE_FAILED,
                        std::string("section '") + to_string(section) + "' is larger than 4 GiB; use smaller requests");
  const Head head{static_cast<uint32_t>(section), static_cast<uint32_t>(bytes.size())};
  const auto head_bytes = std::as_bytes(std::span(&head, 1));
  bytes_.insert(bytes_.end(), head_bytes.begin(), head_bytes.end());
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

MessageReader::MessageReader(std::span<const std::byte> bytes, std::string_view stage) : bytes_(bytes), stage_(stage) {
  size_t at = 0;
  while (at < bytes.size()) {
    const auto left = bytes.size() - at;
    if (left < sizeof(Head) || head_at(bytes, at).size > left - sizeof(Head))
      throw sage::Failure(SAGE_FAILED, std::string(stage) + ": the input of " + std::to_string(bytes.size()) +
                                           " bytes ends inside a section; the transport truncated or damaged it");
    at += sizeof(Head) + head_at(bytes, at).size;
  }
}

std::optional<std::span<const std::byte>> MessageReader::find(Section section) const {
  for (size_t at = 0; at < bytes_.size();) {
    const auto head = head_at(bytes_, at);
    at += sizeof(Head);
    if (head.tag == static_cast<uint32_t>(section)) return bytes_.subspan(at, head.size);
    at += head.size;
  }
  return std::nullopt;
}

std::span<const std::byte> MessageReader::get(Section section) const {
  if (const auto found = find(section)) return *found;
  refuse(section, "is missing; check which step feeds this one");
}

template <class T>
T MessageReader::one(Section section) const {
  const auto bytes = get(section);
  T value;
  if (bytes.size() != sizeof value) refuse(section, "has the wrong length");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Sizes MessageReader::sizes() const { return one<Sizes>(Section::sizes); }
Batch MessageReader::batch() const { return one<Batch>(Section::batch); }

template <class T>
void MessageReader::copy(Section section, std::vector<T>& out) const {
  const auto bytes = get(section);
  if (bytes.size() % sizeof(T) != 0) refuse(section, "ends inside an element");
  out.resize(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

void MessageReader::tokens(std::vector<uint32_t>& out) const { copy(Section::tokens, out); }

void MessageReader::vector(std::vector<float>& out, size_t dimensions) const {
  copy(Section::vector, out);
  if (out.size() != dimensions)
    refuse(Section::vector, "has " + std::to_string(out.size()) + " dimensions and this stage wants " +
                                std::to_string(dimensions) + "; give both stages the same 'dimensions'");
  for (const float x : out)
    if (!std::isfinite(x)) refuse(Section::vector, "holds a number that is not finite");
}

void MessageReader::hits(std::vector<Hit>& out, size_t documents) const {
  copy(Section::hits, out);
  for (const auto& hit : out) {
    if (hit.document >= documents)
      refuse(Section::hits, "names document " + std::to_string(hit.document) + " of a corpus of " +
                                std::to_string(documents) + "; give both stages the same corpus");
    if (!std::isfinite(hit.score)) refuse(Section::hits, "holds a score that is not finite");
  }
}

void MessageReader::refuse(Section section, std::string_view why) const {
  throw sage::Failure(SAGE_FAILED,
                      std::string(stage_) + ": the input's section '" + to_string(section) + "' " + std::string(why));
}

uint64_t digest_of(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void deliver(const MessageWriter& message, sage_op_output& out) {
  const auto bytes = message.bytes();
  out.result = {bytes.data(), bytes.size()};
  out.digest = digest_of(bytes);
}

}  // namespace operators::common

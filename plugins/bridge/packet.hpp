// What flows through a bridged runtime: one request with what became of it so far. The host's half makes it, the worker
// library's steps turn it into the next one, and the host's half reads the last. Python only moves it about.
//
//   header (128 bytes) | spans (32 bytes each, one a step executed) | result (an error's text) | payload | up to 8
//   bytes
//
// little endian, all on CLOCK_MONOTONIC, which is one clock for all processes of a machine.
#pragma once

#include <sage/abi.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace bridge {

static_assert(std::endian::native == std::endian::little, "packets are copied, not converted");

struct PacketHeader {
  sage_request request;  // the payload's pointer is zero, its size is that in the packet; `id` is the bridge's handle
  int64_t first_ns;      // of the first token; 0 = none
  uint64_t digest;       // of the result
  uint32_t result_size;  // bytes after the spans
  uint16_t n_spans;
  uint8_t attempts;  // executions of the request that the backend began again after a fault; 255 = or more
  uint8_t status;    // SAGE_DONE_*
  uint32_t units;    // output tokens
  uint32_t node;     // that executed the last step
};
static_assert(sizeof(PacketHeader) == 128 && std::is_trivially_copyable_v<PacketHeader>);

// A sage_span within the packet of its request, whose id it need not repeat.
struct PacketSpan {
  int64_t operator_cpu_ns;  // that the operator's call took of its thread
  int64_t begin_ns;
  int64_t end_ns;
  uint16_t stage;
  uint16_t step;
  uint32_t node;
};
static_assert(sizeof(PacketSpan) == 32 && std::is_trivially_copyable_v<PacketSpan>);

inline constexpr size_t spans_max = 1024;
inline constexpr size_t result_size_max = 16U << 20U;  // likewise of a payload

constexpr size_t padded(size_t size) { return (size + 7U) & ~size_t{7}; }

inline size_t packet_size(const PacketHeader& header) {
  return sizeof(PacketHeader) + header.n_spans * sizeof(PacketSpan) +
         padded(header.result_size + static_cast<size_t>(header.request.payload.size));
}

// A packet within bytes that may come from anyone. Spans and result are read in place, the header is a copy.
class PacketView {
 public:
  // False when the bytes do not begin with a whole packet; `why` then says what is wrong.
  bool read(std::span<const std::byte> bytes, const char*& why) {
    if (bytes.size() < sizeof(PacketHeader)) return fail(why, "is shorter than a packet's header");
    std::memcpy(&header_, bytes.data(), sizeof(PacketHeader));
    if (header_.n_spans > spans_max) return fail(why, "has more spans than a pipeline can have steps");
    if (header_.result_size > result_size_max || header_.request.payload.size > result_size_max)
      return fail(why, "has a result or a payload of more than 16 MiB");
    if (header_.status > SAGE_DONE_CANCELLED) return fail(why, "has an unknown status");
    if (packet_size(header_) > bytes.size()) return fail(why, "is cut short");
    spans_ = bytes.data() + sizeof(PacketHeader);
    return true;
  }
  [[nodiscard]] const PacketHeader& header() const { return header_; }
  [[nodiscard]] size_t size() const { return packet_size(header_); }
  [[nodiscard]] PacketSpan span(size_t i) const {
    PacketSpan out;
    std::memcpy(&out, spans_ + i * sizeof(PacketSpan), sizeof out);
    return out;
  }
  [[nodiscard]] std::span<const std::byte> result() const {
    return {spans_ + header_.n_spans * sizeof(PacketSpan), header_.result_size};
  }
  [[nodiscard]] std::span<const std::byte> payload() const {
    return {result().data() + header_.result_size, static_cast<size_t>(header_.request.payload.size)};
  }

 private:
  static bool fail(const char*& why, const char* text) {
    why = text;
    return false;
  }
  PacketHeader header_{};
  const std::byte* spans_ = nullptr;
};

}  // namespace bridge

// The stream between the two halves of the bridge: frames of a 16-byte header and a body. See docs/bridge.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bridge {

inline constexpr uint32_t frame_magic = 0x31474253;  // "SBG1"
inline constexpr uint16_t protocol_version = 1;
inline constexpr uint32_t frame_size_max = 64U << 20U;  // of the body

enum class FrameType : uint16_t {
  hello = 1,      // child: JSON {"protocol", "pid", "versions"}
  echo = 2,       // host: any bytes; child: the same bytes
  open = 3,       // host: JSON, the run
  ready = 4,      // child: JSON, what there is to say about the runtime
  requests = 5,   // host: packets
  results = 6,    // child: when each was done (int64 ns), then as many packets
  control = 7,    // host: JSON, a control event
  answer = 8,     // child: JSON {"event", "status", "text"}
  failure = 9,    // child: JSON {"status", "text"}: the runtime cannot go on
  close = 10,     // host: nothing; the child ends
  metadata = 11,  // child: JSON object, for the record
  peer = 12,      // JSON between the drivers of one runtime, passed on: from the first to all others, from them to it
};

struct FrameHeader {
  uint32_t magic = frame_magic;
  uint16_t version = protocol_version;
  uint16_t type = 0;
  uint32_t size = 0;   // of the body
  uint32_t count = 0;  // packets in it
};
static_assert(sizeof(FrameHeader) == 16);

struct Frame {
  FrameType type{};
  uint32_t count = 0;
  std::span<const std::byte> body;
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }
};

// Cuts a stream of bytes into frames. Its buffer grows to the largest frame seen.
class FrameReader {
 public:
  // Room for at least `size` more bytes; after writing n there, say received(n).
  std::span<std::byte> room(size_t size);
  void received(size_t n) { end_ += n; }
  // The next whole frame, valid until room() is called. False: none yet. Throws std::runtime_error on a stream that is
  // not ours.
  bool next(Frame& out);

 private:
  std::vector<std::byte> bytes_;
  size_t begin_ = 0, end_ = 0;
};

// Appends a header for a body of `size` bytes that the caller appends next.
void append_header(std::vector<std::byte>& out, FrameType type, size_t size, uint32_t count = 0);
void append_frame(std::vector<std::byte>& out, FrameType type, std::string_view body);

}  // namespace bridge

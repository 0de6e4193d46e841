#include "bridge/frame.hpp"

#include <algorithm>
#include <stdexcept>

namespace bridge {

std::span<std::byte> FrameReader::room(size_t size) {
  if (begin_ != 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.size() < end_ + size) bytes_.resize(std::max(end_ + size, 2 * bytes_.size()));
  return std::span(bytes_).subspan(end_);
}

bool FrameReader::next(Frame& out) {
  if (end_ - begin_ < sizeof(FrameHeader)) return false;
  FrameHeader header;
  std::memcpy(&header, bytes_.data() + begin_, sizeof header);
  if (header.magic != frame_magic) throw std::runtime_error("sent bytes that are no frame of the bridge's protocol");
  if (header.version != protocol_version)
    throw std::runtime_error("speaks version " + std::to_string(header.version) + " of the bridge's protocol, not " +
                             std::to_string(protocol_version) + "; its files and the plugin are of different releases");
  if (header.size > frame_size_max)
    throw std::runtime_error("sent a frame of " + std::to_string(header.size) + " bytes; at most " +
                             std::to_string(frame_size_max) + " are allowed");
  if (end_ - begin_ < sizeof header + header.size) return false;
  out.type = static_cast<FrameType>(header.type);
  out.count = header.count;
  out.body = std::span(bytes_).subspan(begin_ + sizeof header, header.size);
  begin_ += sizeof header + header.size;
  return true;
}

void append_header(std::vector<std::byte>& out, FrameType type, size_t size, uint32_t count) {
  const FrameHeader header = {.type = static_cast<uint16_t>(type), .size = static_cast<uint32_t>(size), .count = count};
  const auto bytes = std::as_bytes(std::span(&header, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_frame(std::vector<std::byte>& out, FrameType type, std::string_view body) {
  append_header(out, type, body.size());
  const auto bytes = std::as_bytes(std::span(body));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace bridge

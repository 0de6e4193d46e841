#include "bridge/frame.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "bridge/in_flight.hpp"
#include "bridge/packet.hpp"

using namespace bridge;

namespace {

void feed(FrameReader& reader, std::span<const std::byte> bytes) {
  const auto room = reader.room(bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  reader.received(bytes.size());
}

}  // namespace

TEST_CASE("frames come out whole however the stream is cut") {
  std::vector<std::byte> stream;
  append_frame(stream, FrameType::hello, "{}");
  append_frame(stream, FrameType::answer, "0123456789");
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader;
    std::vector<std::string> bodies;
    Frame frame;
    for (size_t at = 0; at < stream.size(); at += piece) {
      feed(reader, std::span(stream).subspan(at, std::min(piece, stream.size() - at)));
      while (reader.next(frame)) bodies.emplace_back(frame.text());
    }
    CHECK(bodies == std::vector<std::string>{"{}", "0123456789"});
  }
}

TEST_CASE("a stream that is not ours is refused") {
  FrameReader reader;
  Frame frame;
  feed(reader, std::as_bytes(std::span("GET / HTTP/1.1\r\n\r\n")));
  CHECK_THROWS_AS(reader.next(frame), std::runtime_error);
}

TEST_CASE("a packet never reads beyond its bytes") {
  PacketHeader header{};
  header.n_spans = 2;
  header.result_size = 10;
  std::vector<std::byte> bytes(packet_size(header));
  std::memcpy(bytes.data(), &header, sizeof header);
  PacketView view;
  const char* why = nullptr;
  CHECK(view.read(bytes, why));
  CHECK(view.size() == bytes.size());
  CHECK(view.result().size() == 10);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(view.read(std::span(bytes).first(size), why));
  header.request.payload.size = uint64_t{1} << 63U;
  std::memcpy(bytes.data(), &header, sizeof header);
  CHECK_FALSE(view.read(bytes, why));
}

TEST_CASE("a handle ends once, and an old one is not taken for a new request's") {
  InFlight in_flight(1);
  const auto first = in_flight.add(11);
  CHECK(in_flight.room() == 0);
  CHECK(in_flight.end(first).first);
  const auto again = in_flight.end(first);
  CHECK_FALSE(again.first);
  CHECK(again.host_id == 11);
  const auto second = in_flight.add(12);
  CHECK(in_flight.end(first).host_id == 0);
  CHECK(in_flight.end(0xFFFFFFFF).host_id == 0);
  CHECK(in_flight.end_all() == std::vector<uint64_t>{12});
  CHECK_FALSE(in_flight.end(second).first);
}

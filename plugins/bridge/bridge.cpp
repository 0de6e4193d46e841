#include "bridge/bridge.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace bridge {
namespace {

constexpr int64_t ns_per_ms = 1'000'000;
constexpr int64_t ns_per_s = 1'000'000'000;
constexpr size_t backlog_max = 8U << 20U;  // bytes that the child has not read: it is not keeping up
constexpr int echo_rounds = 200;
constexpr uint64_t errors_logged_max = 5;
constexpr size_t nodes_max = 4096;

// The child may be broken: what is nested deeper is left out, because to write or copy it takes stack. Discarded if the
// text is no JSON.
sage::Json parse(std::string_view text) {
  constexpr int deepest = 32;
  const auto shallow = [](int depth, sage::Json::parse_event_t /*event*/, sage::Json& /*value*/) {
    return depth < deepest;
  };
  return sage::Json::parse(text, shallow, false);
}

std::string_view text_of(const sage::Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get_ref<const std::string&>() : std::string_view();
}

void append_packet(std::vector<std::byte>& out, const sage_request& row, uint64_t handle) {
  PacketHeader header{};
  header.request = row;
  header.request.id = handle;
  header.request.payload.ptr = nullptr;
  const auto put = [&](std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  put(std::as_bytes(std::span(&header, 1)));
  if (row.payload.size == 0) return;
  put(sage::view(row.payload));
  out.resize(out.size() + padded(row.payload.size) - row.payload.size);
}

}  // namespace

Bridge::Bridge(sage::Host host, BridgeConfig config)
    : host_(host), config_(std::move(config)), spawned_ns_(host_.now_ns()), in_flight_(config_.in_flight_max) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw sage::Failure(SAGE_FAILED, "cannot make a socket: " + std::generic_category().message(errno));
  Fd theirs(ends[1]);
  channel_ = std::make_unique<Channel>(Fd(ends[0]));
  child_ = std::make_unique<Child>(config_.program, theirs.get(), [this](std::string_view line) {
    host_.log(SAGE_LOG_INFO, config_.name + ": " + std::string(line));
  });
  theirs.reset();  // or the end of the child would not be seen
}

Bridge::~Bridge() { close(); }

void Bridge::start(const sage::Json& run) {
  const auto deadline_ns = spawned_ns_ + config_.start_timeout_ns;
  const auto hello = parse(expect(FrameType::hello, deadline_ns - host_.now_ns(), "starting").text());
  if (!hello.is_object()) throw sage::Failure(SAGE_FAILED, config_.name + ": its first words are no JSON object");
  if (!config_.joins) host_.set_metadata("runtime", hello);
  add_driver(hello, "pid");
  if (!config_.joins) calibrate();
  channel_->send(FrameType::open, run.dump());
  const auto ready = expect(FrameType::ready, deadline_ns - host_.now_ns(), "starting its runtime");
  receive_metadata(ready.text());
  if (const auto said = parse(ready.text()); said.is_object()) {
    to_join_ = said.value("to_join", sage::Json());
    add_driver(said, "driver_pid");
  }
  receiver_ = std::thread([this] { serve(); });
}

void Bridge::add_driver(const sage::Json& said, const char* key) {
  const auto pid = said.find(key);
  if (pid == said.end() || !pid->is_number_unsigned()) return;
  const std::lock_guard lock(mutex_);
  driver_pids_.push_back(pid->get<uint32_t>());
}

// What a batch needs to cross the bridge and back when nothing else happens.
void Bridge::calibrate() {
  std::vector<int64_t> rounds_ns;
  const std::string body(sizeof(PacketHeader), '\0');
  for (int i = 0; i < echo_rounds; ++i) {
    const auto sent_ns = host_.now_ns();
    channel_->send(FrameType::echo, body);
    expect(FrameType::echo, 10 * ns_per_s, "answering an echo");
    rounds_ns.push_back(host_.now_ns() - sent_ns);
  }
  std::ranges::sort(rounds_ns);
  const auto us = [&](double q) {
    return static_cast<double>(rounds_ns[static_cast<size_t>(q * (echo_rounds - 1))]) / 1e3;
  };
  // 200 rounds leave two samples beyond the 99th percentile: p95 has the ten that a percentile needs.
  host_.set_metadata("bridge_round_trip",
                     {{"rounds", echo_rounds}, {"p50_us", us(0.5)}, {"p95_us", us(0.95)}, {"max_us", us(1)}});
}

Frame Bridge::expect(FrameType type, int64_t timeout_ns, const std::string& doing) {
  const auto deadline_ns = host_.now_ns() + timeout_ns;
  Frame frame;
  auto received = Channel::Receive::timeout;
  try {
    while ((received = channel_->receive(frame, deadline_ns - host_.now_ns())) == Channel::Receive::frame) {
      if (frame.type == type) return frame;
      if (frame.type == FrameType::metadata) receive_metadata(frame.text());
      if (frame.type != FrameType::failure) continue;
      const auto said = parse(frame.text());
      const int status = said.is_object() ? said.value("status", SAGE_FAILED) : SAGE_FAILED;
      throw sage::Failure(status == SAGE_OK ? SAGE_FAILED : status,
                          config_.name + ": " + std::string(text_of(said, "text")));
    }
  } catch (const std::runtime_error& e) {
    if (dynamic_cast<const sage::Failure*>(&e) != nullptr) throw;
    throw sage::Failure(SAGE_FAILED, config_.name + " " + e.what());
  }
  fail_to_start(doing, received);
}

void Bridge::fail_to_start(const std::string& doing, Channel::Receive received) {
  if (received == Channel::Receive::timeout)
    throw sage::Failure(
        SAGE_FAILED, config_.name + " did not answer in time while " + doing + "; give it longer with --open-timeout");
  throw sage::Failure(SAGE_FAILED, config_.name + " " + child_->ending() + " (while " + doing + ")");
}

size_t Bridge::room() {
  const bool keeps_up = channel_->backlog() <= backlog_max;
  const std::lock_guard lock(mutex_);
  if (!broken_.empty()) return SIZE_MAX;
  return keeps_up ? in_flight_.room() : 0;
}

size_t Bridge::submit(std::span<const sage_request> rows) {
  size_t taken = 0;
  std::vector<uint64_t> refused;
  const bool sent = channel_->send([&](std::vector<std::byte>& out) {
    const std::lock_guard lock(mutex_);
    if (!broken_.empty()) return;
    taken = std::min(rows.size(), in_flight_.room());
    if (taken == 0) return;
    const auto at = out.size();
    append_header(out, FrameType::requests, 0, static_cast<uint32_t>(taken));
    for (const auto& row : rows.first(taken)) append_packet(out, row, in_flight_.add(row.id));
    const auto size = static_cast<uint32_t>(out.size() - at - sizeof(FrameHeader));
    std::memcpy(out.data() + at + offsetof(FrameHeader, size), &size, sizeof size);
  });
  if (taken != 0 || (sent && rows.empty())) return taken;
  {
    const std::lock_guard lock(mutex_);
    if (sent && broken_.empty()) return 0;  // full
  }
  // Whatever comes after the breakdown fails at once.
  for (const auto& row : rows) refused.push_back(row.id);
  complete_as_errors(refused);
  return rows.size();
}

void Bridge::control(const sage_event& event) {
  const char* kind = event.kind == SAGE_EVENT_FAULT ? "fault" : event.kind == SAGE_EVENT_HEAL ? "heal" : "reconfigure";
  const sage::Json message = {
      {"event", event.id}, {"kind", kind}, {"target", sage::view(event.target)}, {"args", sage::arguments(event)}};
  if (!channel_->send(FrameType::control, message.dump()))
    host_.event_done(event.id, SAGE_FAILED, config_.name + " is gone");
}

bool Bridge::drain(int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  const bool ended =
      all_ended_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return in_flight_.count() == 0; });
  if (!broken_.empty()) throw sage::Failure(SAGE_FAILED, broken_);
  return ended;
}

void Bridge::close() {
  if (closing_.exchange(true)) return;
  channel_->send(FrameType::close, {});
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    idle = in_flight_.count() == 0;
  }
  // A child that still holds requests did not answer in the drain either.
  child_->wait_ended(idle ? config_.close_timeout_ns : std::min(config_.close_timeout_ns, ns_per_s));
  child_->end();
  channel_->shut_down();
  if (receiver_.joinable()) receiver_.join();
}

Bridge::Stats Bridge::stats() {
  Stats out;
  out.resident_bytes = child_->resident_bytes();
  const std::lock_guard lock(mutex_);
  out.busy_ns = busy_ns_;
  out.capacity = capacity_;
  out.busy_ns.resize(std::max(out.busy_ns.size(), out.capacity.size()));
  out.capacity.resize(out.busy_ns.size());
  out.driver_pids = driver_pids_;
  if (operators_in_child_) out.operator_cpu_ns = operator_cpu_ns_;
  return out;
}

void Bridge::serve() {
  try {
    Frame frame;
    while (!closing_) {
      const auto received = channel_->receive(frame, 200 * ns_per_ms);
      if (received == Channel::Receive::timeout) continue;
      if (received == Channel::Receive::closed) {
        if (!closing_) break_down(config_.name + " " + child_->ending());
        return;
      }
      if (frame.type == FrameType::results) receive_results(frame);
      if (frame.type == FrameType::answer) receive_answer(frame);
      if (frame.type == FrameType::metadata) receive_metadata(frame.text());
      if (frame.type == FrameType::peer && config_.peer) config_.peer(frame.text());
      if (frame.type == FrameType::failure) {
        const auto said = parse(frame.text());
        throw std::runtime_error("failed: " + std::string(text_of(said, "text")));
      }
    }
  } catch (const std::exception& e) {
    if (!closing_) break_down(config_.name + " " + e.what());
  }
}

void Bridge::receive_results(const Frame& frame) {
  if (frame.body.size() / sizeof(int64_t) < frame.count) throw std::runtime_error("sent fewer results than it says");
  auto stamps = frame.body.first(frame.count * sizeof(int64_t));
  auto rest = frame.body.subspan(stamps.size());
  for (uint32_t i = 0; i < frame.count; ++i) {
    PacketView packet;
    const char* why = nullptr;
    if (!packet.read(rest, why)) throw std::runtime_error(std::string("sent a result that ") + why);
    int64_t done_ns = 0;
    std::memcpy(&done_ns, stamps.data() + i * sizeof done_ns, sizeof done_ns);
    add_result(packet, done_ns);
    rest = rest.subspan(packet.size());
  }
  if (!rest.empty()) throw std::runtime_error("sent results with bytes left over");
  deliver();
}

// `done_ns`: when the runtime handed the result over, in the child. The bytes of the result stay where they are until
// deliver().
void Bridge::add_result(const PacketView& packet, int64_t done_ns) {
  const auto& header = packet.header();
  const std::lock_guard lock(mutex_);
  const auto ended = in_flight_.end(header.request.id);
  const auto id = ended.host_id != 0 ? ended.host_id : header.request.id;  // the host does not know the latter
  auto begun_ns = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < header.n_spans; ++i) {
    const auto span = packet.span(i);
    begun_ns = std::min(begun_ns, span.begin_ns);
    done_ns = std::max(done_ns, span.end_ns);
    spans_.push_back({id, span.begin_ns, span.end_ns, span.stage, span.step, span.node, 0});
    operator_cpu_ns_ += static_cast<double>(std::max<int64_t>(0, span.operator_cpu_ns));
    if (span.node >= nodes_max) continue;
    if (busy_ns_.size() <= span.node) busy_ns_.resize(span.node + 1);
    busy_ns_[span.node] += static_cast<double>(span.end_ns - span.begin_ns);
  }
  if (header.n_spans == 0) begun_ns = 0;
  if (header.first_ns != 0) {
    auto& chunk = rows_.emplace_back();
    chunk.id = id;
    chunk.at_ns = header.first_ns;
    chunk.flags = SAGE_COMPLETION_PARTIAL;
    chunk.units = 1;
    chunk.node = header.node;
  }
  const auto result = packet.result();
  auto& end = rows_.emplace_back();
  end.id = id;
  end.at_ns = done_ns;
  end.begun_ns = begun_ns;
  end.status = header.status;
  end.node = header.node;
  if (header.status == SAGE_DONE_OK) {
    end.digest = header.digest;
    end.result = {result.data(), result.size()};
    end.units = header.units;
    return;
  }
  const std::string text(reinterpret_cast<const char*>(result.data()), std::min<size_t>(result.size(), 500));
  host_.fail(text);  // for the record, which counts equal ones
  if (errors_logged_++ < errors_logged_max)
    host_.log(SAGE_LOG_WARNING, config_.name + ": request " + std::to_string(header.request.seq) + ": " + text);
}

void Bridge::deliver() {
  if (!spans_.empty()) host_.spans(spans_);
  if (!rows_.empty()) host_.complete(rows_);
  spans_.clear();
  rows_.clear();
  const std::lock_guard lock(mutex_);
  if (in_flight_.count() == 0) all_ended_.notify_all();
}

void Bridge::receive_answer(const Frame& frame) {
  const auto answer = parse(frame.text());
  if (!answer.is_object() || !answer.value("event", sage::Json()).is_number_unsigned() ||
      !answer.value("status", sage::Json()).is_number_integer())
    throw std::runtime_error("sent an answer to no event");
  host_.event_done(answer["event"].get<uint64_t>(), answer["status"].get<int32_t>(), text_of(answer, "text"));
}

void Bridge::receive_metadata(std::string_view json) {
  const auto metadata = parse(json);
  if (config_.joins || !metadata.is_object()) return;
  for (const auto& [key, value] : metadata.items()) {
    if (key == "to_join" || key == "driver_pid") continue;
    if (key != "node_capacity" && key != "operators_in_driver") {
      host_.set_metadata(key, value);
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (key == "operators_in_driver") {
      operators_in_child_ = value == true;
      continue;
    }
    capacity_.clear();
    for (const auto& capacity : value)
      if (capacity.is_number() && capacity_.size() < nodes_max) capacity_.push_back(capacity.get<double>());
  }
}

void Bridge::break_down(const std::string& why) {
  host_.log(SAGE_LOG_ERROR, why);
  std::vector<uint64_t> lost;
  {
    const std::lock_guard lock(mutex_);
    broken_ = why;
    lost = in_flight_.end_all();
  }
  channel_->shut_down();
  complete_as_errors(lost);
  all_ended_.notify_all();
}

void Bridge::complete_as_errors(std::span<const uint64_t> ids) {
  std::vector<sage_completion> rows;
  rows.reserve(ids.size());
  for (const auto id : ids) {
    auto& row = rows.emplace_back();
    row.id = id;
    row.status = SAGE_DONE_ERROR;
  }
  if (!rows.empty()) host_.complete(rows);
}

}  // namespace bridge

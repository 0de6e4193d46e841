#include "mock/backend.hpp"

#include <algorithm>
#include <chrono>

namespace mock {

Backend::Backend(sage::Host host, std::string_view /*id*/, const sage::Json& config)
    : host_(host), options_(read_options(config)) {}

Backend::~Backend() { close(); }

void Backend::open(const sage_run& run) {
  if (!options_.operators) host_.set_metadata("no_digests", "the mock executes no operators without --operators");
  model_ = std::make_unique<Model>(host_, options_, run);
  stopping_ = false;
  if (options_.real_clock) thread_ = std::thread([this] { play_in_real_time(); });
}

size_t Backend::submit(std::span<const sage_request> rows) {
  const std::lock_guard lock(mutex_);
  const auto now_ns = catch_up();
  const auto taken = model_->submit(now_ns, rows);
  changed_.notify_one();
  return taken;
}

void Backend::control(const sage_event& event) {
  const std::lock_guard lock(mutex_);
  const auto now_ns = catch_up();
  model_->control(now_ns, event);
  changed_.notify_one();
}

// In virtual time the host has advanced until nothing happens any more before it asks.
bool Backend::drain(int64_t timeout_ns) {
  std::unique_lock lock(mutex_);
  const auto drained = [&] { return model_->outstanding() == 0; };
  if (!options_.real_clock) return drained();
  constexpr int64_t day_ns = 86'400'000'000'000;  // a longer one would overflow the clock
  return idle_.wait_for(lock, std::chrono::nanoseconds(std::min(timeout_ns, day_ns)), drained);
}

void Backend::close() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  model_.reset();
}

int64_t Backend::advance(int64_t until_ns) {
  if (options_.real_clock)
    throw sage::Failure(SAGE_UNSUPPORTED, "mock: runs in real time with clock = real; nothing to advance");
  const std::lock_guard lock(mutex_);
  return model_->play(until_ns);
}

sage_stats Backend::stats() {
  const std::lock_guard lock(mutex_);
  node_stats_.clear();
  node_stats_pointers_.clear();
  for (const auto& node : model_->work())
    node_stats_.push_back(sage::node_stats(static_cast<uint32_t>(node_stats_.size()), node.work_ns, node.capacity));
  for (const auto& row : node_stats_) node_stats_pointers_.push_back(&row);
  return {sizeof(sage_stats),
          0,
          model_->memory_bytes(),
          node_stats_pointers_.data(),
          node_stats_pointers_.size(),
          nullptr,
          0};
}

// A call happens at the host's time, after everything that was due before it.
int64_t Backend::catch_up() {
  now_ns_ = std::max(now_ns_, host_.now_ns());
  model_->play(now_ns_);
  return now_ns_;
}

void Backend::play_in_real_time() {
  constexpr int64_t wait_max_ns = 1'000'000'000;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    now_ns_ = std::max(now_ns_, host_.now_ns());
    const auto next_ns = model_->play(now_ns_);
    if (model_->outstanding() == 0) idle_.notify_all();
    const auto wait_ns = next_ns == INT64_MAX ? wait_max_ns : std::min(wait_max_ns, next_ns - host_.now_ns());
    if (wait_ns > 0) changed_.wait_for(lock, std::chrono::nanoseconds(wait_ns));
  }
}

}  // namespace mock

#include "bridge/drivers.hpp"

#include <algorithm>
#include <future>
#include <string>

namespace bridge {

Drivers::Drivers(sage::Host host, const BridgeConfig& config, sage::Json run, size_t count, std::vector<bool> by_key)
    : host_(host), by_key_(std::move(by_key)), shares_(count), room_(count) {
  for (size_t index = 0; index < count; ++index) spawn(config);
  run["driver"] = 0;
  run["drivers"] = count;
  drivers_.front()->start(run);
  if (count > 1) {
    host_.set_metadata("drivers", count);
    run["join"] = drivers_.front()->to_join();
  }
  // Side by side: each imports the runtime, which takes seconds.
  std::vector<std::future<void>> joining;
  for (size_t index = 1; index < count; ++index) {
    run["driver"] = index;
    joining.push_back(std::async(std::launch::async, [this, run, index] { drivers_[index]->start(run); }));
  }
  for (auto& driver : joining) driver.get();
  open_ = true;
}

void Drivers::spawn(BridgeConfig config) {
  const auto index = drivers_.size();
  config.peer = [this, index](std::string_view json) { pass_on(index, json); };
  if (index > 0) {
    config.name += " (driver " + std::to_string(index) + ")";
    config.joins = true;
    config.program.folder.clear();  // the first one's guard removes it
  }
  drivers_.push_back(std::make_unique<Bridge>(host_, std::move(config)));
}

// Of the first rows as many as each row's driver has room for. Room only grows meanwhile: nobody else submits.
size_t Drivers::submit(std::span<const sage_request> rows) {
  for (size_t d = 0; d < drivers_.size(); ++d) room_[d] = drivers_[d]->room();
  if (drivers_.size() == 1) return drivers_.front()->submit(rows.first(std::min(rows.size(), room_.front())));
  size_t taken = 0;
  for (const auto& row : rows) {
    const auto d = driver_of(row);
    if (shares_[d].size() >= room_[d]) break;
    shares_[d].push_back(row);
    ++taken;
  }
  for (size_t d = 0; d < drivers_.size(); ++d) {
    if (!shares_[d].empty()) drivers_[d]->submit(shares_[d]);
    shares_[d].clear();
  }
  return taken;
}

size_t Drivers::driver_of(const sage_request& row) const {
  const bool by_key = row.pipeline < by_key_.size() && by_key_[row.pipeline];
  return (by_key ? sage::Draw::mix(row.key) : row.seq) % drivers_.size();
}

bool Drivers::drain(int64_t timeout_ns) {
  const auto deadline_ns = host_.now_ns() + timeout_ns;
  bool ended = true;
  for (const auto& driver : drivers_)
    ended = driver->drain(std::max<int64_t>(0, deadline_ns - host_.now_ns())) && ended;
  return ended;
}

// The first goes last: the runtime ends with it.
void Drivers::close() {
  for (auto d = drivers_.size(); d-- > 0;) drivers_[d]->close();
}

std::vector<Bridge::Stats> Drivers::stats() {
  std::vector<Bridge::Stats> out;
  out.reserve(drivers_.size());
  for (const auto& driver : drivers_) out.push_back(driver->stats());
  return out;
}

void Drivers::pass_on(size_t from, std::string_view json) {
  if (!open_) return;
  if (from != 0) return drivers_.front()->tell(json);
  for (size_t d = 1; d < drivers_.size(); ++d) drivers_[d]->tell(json);
}

}  // namespace bridge

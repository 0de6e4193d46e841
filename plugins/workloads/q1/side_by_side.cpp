#include "workloads/q1/side_by_side.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "operators/common/config.hpp"

namespace workloads::q1 {
namespace {

using operators::common::read;

constexpr uint32_t pipelines_max = 64;

std::string own_name(uint32_t pipeline) { return "p" + std::to_string(pipeline + 1); }

}  // namespace

SideBySide::SideBySide(const sage::Json& options)
    : pipelines_(read<uint32_t>(options, "pipelines", 1, 1, pipelines_max)),
      stagger_ns_(std::llround(read<double>(options, "stagger_s", 0, 0, 1e6) * 1e9)),
      given_(pipelines_, 0) {
  const auto load = options.value("load", sage::Json::object());
  warmup_items_ = load.value("warmup_items", uint64_t{0});
  const auto total = load.value("total_requests", uint64_t{0});
  part_ = total == 0 ? UINT64_MAX : (total + pipelines_ - 1) / pipelines_;
  const auto arrival = load.value("arrival", std::string("poisson"));
  if (pipelines_ > 1 && stagger_ns_ > 0 && (arrival == "closed" || arrival == "offline"))
    throw sage::Failure(SAGE_INVALID,
                        "option 'stagger_s' moves due times, and --arrival " + arrival +
                            " has none; use --arrival poisson (or another open one), or leave stagger_s out");
}

void SideBySide::multiply(sage::Description& description) const {
  if (pipelines_ == 1) return;
  const auto one = std::move(description);
  description = {};
  description.classes = one.classes;
  description.nodes = one.nodes;
  description.tenants.clear();
  for (uint32_t p = 0; p < pipelines_; ++p) {
    const auto first_stage = static_cast<uint32_t>(description.stages.size());
    description.tenants.push_back(own_name(p));
    for (auto stage : one.stages) {
      stage.name = own_name(p) + "." + stage.name;
      description.stages.push_back(std::move(stage));
    }
    for (auto pipeline : one.pipelines) {
      pipeline.name = own_name(p) + "." + pipeline.name;
      for (auto& step : pipeline.steps) step.stage += first_stage;
      description.pipelines.push_back(std::move(pipeline));
    }
  }
}

uint32_t SideBySide::place(sage_request& row) {
  const auto in_turn = static_cast<uint32_t>(row.seq % pipelines_);
  if (pipelines_ == 1 || stagger_ns_ == 0) return in_turn;
  if (row.seq >= warmup_items_) return place_staggered(row);
  due_ns_ = host_due_ns_ = row.due_ns;
  return in_turn;
}

uint32_t SideBySide::place_staggered(sage_request& row) {
  auto left = static_cast<double>(row.due_ns - host_due_ns_);  // of the time at the whole rate
  host_due_ns_ = row.due_ns;
  if (begin_ns_ < 0) {
    begin_ns_ = due_ns_;
    begun_ = 1;
  }
  for (; begun_ < pipelines_; ++begun_) {
    const auto next_ns = begin_ns_ + begun_ * stagger_ns_;
    const auto to_next = static_cast<double>(next_ns - due_ns_) * running() / pipelines_;
    if (left < to_next) break;
    left -= to_next;
    due_ns_ = next_ns;
  }
  if (running() == 0) std::ranges::fill(given_, 0);  // there are more requests than were announced
  due_ns_ += std::llround(left * pipelines_ / running());
  row.due_ns = due_ns_;
  while (next_ >= begun_ || given_[next_] >= part_) next_ = next_ + 1 < begun_ ? next_ + 1 : 0;
  ++given_[next_];
  return next_++;
}

uint32_t SideBySide::running() const {
  uint32_t count = 0;
  for (uint32_t p = 0; p < begun_; ++p) count += given_[p] < part_ ? 1U : 0U;
  return count;
}

}  // namespace workloads::q1

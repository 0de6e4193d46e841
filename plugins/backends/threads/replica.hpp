// One open instance of a stage's operator; closes it when it goes.
#pragma once

#include <sage/plugin.hpp>

#include <utility>

#include "graph.hpp"

namespace threads {

class Replica {
 public:
  Replica() = default;
  // Throws sage::Failure naming stage and operator.
  Replica(const sage_operators& operators, const StagePlan& stage, uint32_t index, uint32_t replicas);
  Replica(Replica&& other) noexcept
      : operators_(std::exchange(other.operators_, nullptr)), op_(std::exchange(other.op_, nullptr)) {}
  Replica& operator=(Replica&& other) noexcept {
    Replica taken(std::move(other));
    std::swap(operators_, taken.operators_);
    std::swap(op_, taken.op_);
    return *this;
  }
  ~Replica() {
    if (operators_ != nullptr) operators_->close(op_);
  }

  [[nodiscard]] bool open() const { return operators_ != nullptr; }
  sage_status run(const sage_op_input& in, sage_op_output& out) { return operators_->run(op_, &in, &out); }

 private:
  const sage_operators* operators_ = nullptr;  // null = no instance
  void* op_ = nullptr;
};

}  // namespace threads

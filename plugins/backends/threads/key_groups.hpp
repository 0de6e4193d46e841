// Key groups of a keyed stage, as in Flink: keys hash to a fixed number of groups, each with its own operator instance
// and so its own state. Workers own groups; changing the number of workers moves groups and keeps their state.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "job_queue.hpp"
#include "replica.hpp"
#include "worker.hpp"

namespace threads {

// A stage runs no more keyed workers at once than this.
inline constexpr uint32_t key_group_count = 64;

struct KeyGroup {
  Replica replica;          // empty while a worker has it, and after a crash until the next job opens a new one
  Worker* owner = nullptr;  // null when the stage has no worker
  Worker* busy = nullptr;   // executes a job of the group; not the owner while the group moves away from it
  JobList parked;           // jobs that arrived while the group was moving

  [[nodiscard]] bool moving() const { return busy != nullptr && busy != owner; }
};

using KeyGroups = std::array<KeyGroup, key_group_count>;

// The group of a job whose inputs are all there.
uint16_t group_of(const Job& job, uint32_t key_by);

// Spreads the groups evenly over the workers.
void assign(KeyGroups& groups, std::span<Worker* const> workers);

}  // namespace threads

// Passes over what it was told to cancel, without a word.
#include <mutex>
#include <set>

#include "worker.hpp"

class Broken : public Worker {
 public:
  using Worker::Worker;
  void cancel(std::span<const uint64_t> ids) override {
    const std::scoped_lock lock(mutex_);
    cancelled_.insert(ids.begin(), ids.end());
  }

 protected:
  bool wanted(uint64_t id) override {
    const std::scoped_lock lock(mutex_);
    return !cancelled_.contains(id);
  }

 private:
  std::mutex mutex_;
  std::set<uint64_t> cancelled_;
};

SAGE_PLUGIN(Broken)

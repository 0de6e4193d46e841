// What broken backends that execute have in common: in order, one thread executes each request in the order in which it
// came, one step after the other.
#pragma once

#include <sage/testing.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

class Worker : public sage::Backend {
 public:
  // Requests take the `replicas` in turn.
  Worker(sage::Host host, std::string_view /*id*/, const sage::Json& /*options*/, size_t replicas = 1)
      : host_(host), replicas_(replicas) {}
  void open(const sage_run& run) override {
    for (auto& replica : replicas_) replica = std::make_unique<sage::testing::SerialStages>(run, *run.operators);
    thread_ = std::thread([this] { work(); });
  }
  size_t submit(std::span<const sage_request> rows) override {
    const std::scoped_lock lock(mutex_);
    waiting_.insert(waiting_.end(), rows.begin(), rows.end());
    changed_.notify_all();
    return rows.size();
  }
  bool drain(int64_t timeout_ns) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] { return waiting_.empty() && idle_; });
  }
  void close() override {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
      changed_.notify_all();
    }
    thread_.join();
    for (auto& replica : replicas_) replica.reset();
  }

 protected:
  virtual bool wanted(uint64_t /*id*/) { return true; }

 private:
  void work() {
    for (size_t turn = 0;; ++turn) {
      std::unique_lock lock(mutex_);
      idle_ = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      const auto row = waiting_.front();
      waiting_.pop_front();
      idle_ = false;
      lock.unlock();
      std::string result;
      const auto out = replicas_[turn % replicas_.size()]->execute(row, result);
      std::this_thread::sleep_for(std::chrono::nanoseconds(out.hold_ns));
      if (!wanted(row.id)) continue;
      sage_completion done{};
      done.id = row.id;
      done.digest = out.digest;
      done.units = out.units;
      done.result = {result.data(), result.size()};
      host_.complete({&done, 1});
    }
  }

  sage::Host host_;
  std::vector<std::unique_ptr<sage::testing::SerialStages>> replicas_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<sage_request> waiting_;
  bool idle_ = true;
  bool closing_ = false;
  std::thread thread_;
};

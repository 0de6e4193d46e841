// The plugin: the model behind a lock, in virtual time (the host calls advance) or in real time (a thread plays the
// model).
#pragma once

#include <sage/plugin.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "mock/model.hpp"
#include "mock/options.hpp"

namespace mock {

class Backend final : public sage::Backend {
 public:
  Backend(sage::Host host, std::string_view id, const sage::Json& config);
  ~Backend() override;

  void open(const sage_run& run) override;
  size_t submit(std::span<const sage_request> rows) override;
  void control(const sage_event& event) override;
  bool drain(int64_t timeout_ns) override;
  void close() override;
  int64_t advance(int64_t until_ns) override;
  sage_stats stats() override;

 private:
  int64_t catch_up();
  void play_in_real_time();

  const sage::Host host_;
  const Options options_;
  // Guards everything below; held across calls into the host, which never block and never call back. Uncontended in
  // virtual time, and taken once a batch.
  std::mutex mutex_;
  std::condition_variable changed_;  // the thread has something new to wait for
  std::condition_variable idle_;     // nothing is outstanding any more
  std::unique_ptr<Model> model_;     // from open to close
  int64_t now_ns_ = 0;
  bool stopping_ = false;
  std::thread thread_;  // real time only
  std::vector<sage_node_stats> node_stats_;
  std::vector<const sage_node_stats*> node_stats_pointers_;
};

}  // namespace mock

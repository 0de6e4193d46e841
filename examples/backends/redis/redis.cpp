// A backend that drives a real service: what the steps of a request pass on to each other goes through Redis.
//
// A request is a hash there, with the payload and each step's output as fields. Before a step its inputs are read,
// behind it its output is written; the result is what is read back at the end, and then the hash goes. One thread does
// it all: it executes the workload's operators, and writes the commands of every request that is there without waiting
// for answers, which come in the order of the commands.
#include <pthread.h>
#include <sys/eventfd.h>

#include <array>
#include <condition_variable>
#include <mutex>

#include "server.hpp"
#include "stages.hpp"

namespace {

// What a command was for.
struct Purpose {
  redis::Place request;
  enum { writing, reading, removing } of;
};

class Redis : public sage::Backend {
 public:
  Redis(sage::Host host, std::string_view /*id*/, const sage::Json& options)
      : host_(host),
        stages_(host),
        address_(options.at("address")),
        program_(options.at("server")),
        timeout_s_(options.at("timeout_s").get<double>()) {}
  ~Redis() override {
    stop();
    if (wake_ >= 0) ::close(wake_);
  }
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  void open(const sage_run& run) override {
    if (run.nodes != 1) throw sage::Failure(SAGE_INVALID, "redis runs on one node; use --nodes 1");
    run_ = &run;
    server_.open(address_, program_, std::string(sage::view(run.scratch_dir)), timeout_s_);
    host_.set_metadata("runtime", {{"redis", tell()}});
    key_ = "sage-host:" + std::to_string(getpid()) + ":" + std::to_string(host_.now_ns()) + ":";
    connection_.emplace(host_, server_.connect(), timeout_s_);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw std::runtime_error("there is no eventfd");
    round_trip_ = host_.series("redis_round_trip", "us");

    for (uint64_t i = 0; i < run.n_pipelines; ++i)
      while (fields_.size() < run.pipelines[i]->n_steps) fields_.push_back(std::to_string(fields_.size()));
    stages_.open(run);
    thread_ = std::thread([this] { work(); });
  }

  size_t submit(std::span<const sage_request> rows) override {
    {
      const std::lock_guard lock(mutex_);
      inbox_.insert(inbox_.end(), rows.begin(), rows.end());
      outstanding_ += rows.size();
    }
    eventfd_write(wake_, 1);
    return rows.size();  // the host's --max-in-flight bounds how many there are
  }

  bool drain(int64_t timeout_ns) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return outstanding_ == 0; });
  }

  void close() override {
    stop();
    stages_.close();
    if (lost_.empty()) tell();
    connection_.reset();
    server_.stop();
  }

  sage_stats stats() override {
    node_ = sage::node_stats(0, stages_.busy_ns(), static_cast<double>(stages_.replicas()));
    sage_stats out{};
    out.struct_size = sizeof out;
    out.resident_bytes = server_.resident_bytes();
    out.nodes = &nodes_;
    out.n_nodes = 1;
    return out;
  }

 private:
  // Into the record, what the server has done so far; of one that was there already also for others. Gives its version.
  std::string tell() {
    std::string why;
    const auto info = server_.info(why);
    const auto number = [&](const char* name) { return std::strtod(redis::info_field(info, name).c_str(), nullptr); };
    const auto version = redis::info_field(info, "redis_version");
    if (!info.empty())
      host_.set_metadata("redis", {{"version", version},
                                   {"own", server_.is_own()},
                                   {"cpu_s", number("used_cpu_user") + number("used_cpu_sys")},
                                   {"commands", number("total_commands_processed")}});
    return version;
  }

  void stop() {
    stopping_ = true;
    if (wake_ >= 0) eventfd_write(wake_, 1);
    if (thread_.joinable()) thread_.join();
  }

  // ---------------------------------------------------------------------------------------------- the thread's own

  void work() {
    sigset_t all;  // are for the host's threads; and writing to a server that has ended is an error, not a SIGPIPE
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stopping_) {
      try {
        take();
        stages_.serve([this](redis::Place request, const sage_op_output* out) { executed(request, out); });
        if (connection_) connection_->write();
        wait();
        if (connection_)
          connection_->read([this](const Purpose& purpose, redis::Reply reply, int64_t sent_ns) {
            take_answer(purpose, std::move(reply), sent_ns);
          });
      } catch (const std::exception& e) {
        lose(e.what());
      }
    }
  }

  void take() {
    eventfd_t count = 0;
    eventfd_read(wake_, &count);
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(inbox_);
    }
    while (!taken_.empty()) {
      const auto request = requests_.insert(requests_.end(), redis::Request{});
      request->row = taken_.front();
      taken_.pop_front();
      request->error = lost_;
      request->key = key_ + std::to_string(request->row.id);
      if (!lost_.empty()) {
        finish(request);
        continue;
      }
      send(request, Purpose::writing, {"HSET", request->key, "payload", text(request->row.payload)});
      send(request, Purpose::writing, {"EXPIRE", request->key, "3600"});  // should this process not live to remove it
      read_inputs(request);
    }
  }

  static std::string_view text(sage_bytes bytes) {
    return {static_cast<const char*>(bytes.ptr), static_cast<size_t>(bytes.size)};
  }

  void send(redis::Place request, decltype(Purpose::of) of, const std::vector<std::string_view>& words) {
    connection_->send({request, of}, words);
  }

  [[nodiscard]] const sage_pipeline& pipeline(redis::Place request) const {
    return *run_->pipelines[request->row.pipeline];
  }

  void read_inputs(redis::Place request) {
    const auto& step = *pipeline(request).steps[request->step];
    std::vector<std::string_view> words = {"HMGET", request->key};
    for (uint32_t i = 0; i < step.n_inputs; ++i) words.emplace_back(fields_[step.inputs[i]]);
    if (step.n_inputs == 0) words.emplace_back("payload");
    send(request, Purpose::reading, words);
  }

  void executed(redis::Place request, const sage_op_output* out) {
    if (out == nullptr) {
      request->end = {};                      // with what the steps before gave
      request->end.status = SAGE_DONE_ERROR;  // the operator gave the text
      return remove(request);
    }
    const auto& field = fields_[request->step];
    send(request, Purpose::writing, {"HSET", request->key, field, text(out->result)});
    if (++request->step < pipeline(request).n_steps) return read_inputs(request);
    send(request, Purpose::reading, {"HMGET", request->key, field});
    remove(request);
  }

  void remove(redis::Place request) { send(request, Purpose::removing, {"DEL", request->key}); }

  // For what is submitted, for answers, for the end of a step that is held; never beyond the time limit of an answer.
  void wait() {
    const auto now_ns = host_.now_ns();
    const auto until_ns = std::min(stages_.next_ns(), connection_ ? connection_->deadline_ns() : INT64_MAX);
    const auto left_ns = std::clamp<int64_t>(until_ns - now_ns, 0, 1'000'000'000);
    const timespec left = {left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    std::array<pollfd, 2> for_what = {{{wake_, POLLIN, 0}, connection_ ? connection_->polled() : pollfd{-1, 0, 0}}};
    ppoll(for_what.data(), for_what.size(), &left, nullptr);
  }

  void take_answer(const Purpose& purpose, redis::Reply reply, int64_t sent_ns) {
    const auto request = purpose.request;
    auto& error = request->error;
    if (reply->type == REDIS_REPLY_ERROR && error.empty()) error = std::string("Redis: ") + reply->str;
    if (purpose.of == Purpose::removing) return finish(request);
    if (purpose.of == Purpose::writing) return;
    const auto now_ns = host_.now_ns();
    const sage_record sample = {now_ns, request->row.id, static_cast<double>(now_ns - sent_ns) / 1e3, round_trip_, 0};
    host_.emit({&sample, 1});
    const bool is_result = request->step == pipeline(request).n_steps;
    const auto fields = is_result ? 1 : std::max(1U, pipeline(request).steps[request->step]->n_inputs);
    bool whole = reply->type == REDIS_REPLY_ARRAY && reply->elements == fields;
    for (size_t i = 0; whole && i < reply->elements; ++i) whole = reply->element[i]->type == REDIS_REPLY_STRING;
    if (!whole && error.empty()) error = "Redis: what was written is not there any more";
    request->read = std::move(reply);
    if (is_result) return;  // the hash is about to go
    if (error.empty())
      stages_.add(request);
    else
      remove(request);
  }

  void finish(redis::Place request) {
    auto& end = request->end;
    if (!request->error.empty()) {
      end = {};
      end.status = SAGE_DONE_ERROR;
      const sage_error row = {request->row.id, 0, sage::str(request->error), 0, 0, {}};
      host_.tell_errors({&row, 1});
    } else if (end.status == SAGE_DONE_OK) {
      end.result = {request->read->element[0]->str, request->read->element[0]->len};
    }
    end.id = request->row.id;
    end.begun_ns = request->spans.empty() ? 0 : request->spans.front().begin_ns;
    end.at_ns = host_.now_ns();
    if (!request->spans.empty()) host_.spans(request->spans);
    host_.complete({&end, 1});
    requests_.erase(request);
    const std::lock_guard lock(mutex_);
    --outstanding_;
    changed_.notify_all();
  }

  // The connection is of no more use: whatever is there, and whatever comes, ends with that text.
  void lose(const std::string& why) {
    lost_ = "Redis: " + why;
    connection_.reset();
    stages_.forget();
    while (!requests_.empty()) {
      requests_.front().error = lost_;
      finish(requests_.begin());
    }
  }

  sage::Host host_;
  redis::Stages stages_;
  std::string address_;
  std::string program_;
  double timeout_s_;
  const sage_run* run_ = nullptr;
  redis::Server server_;
  uint32_t round_trip_ = 0;
  sage_node_stats node_{};
  const sage_node_stats* nodes_ = &node_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<sage_request> inbox_;
  size_t outstanding_ = 0;
  std::atomic<bool> stopping_ = false;
  int wake_ = -1;  // an eventfd: there is something in the inbox, or the thread is to stop
  std::thread thread_;

  // The thread's own.
  std::optional<redis::Connection<Purpose>> connection_;
  std::string lost_;                 // why there is none any more
  std::string key_;                  // what the keys of this run begin with
  std::vector<std::string> fields_;  // names of the steps' fields
  std::deque<sage_request> taken_;
  std::list<redis::Request> requests_;
};

}  // namespace

SAGE_PLUGIN(Redis)

// A connection to Redis that never blocks: commands of many requests are under way at once, and their answers come in
// the order of the commands. Every failure is thrown, after which the connection is of no more use.
#pragma once

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sage/plugin.hpp>

namespace redis {

struct Free {
  void operator()(redisContext* connection) const { redisFree(connection); }
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

// Tag: what the caller wants to know again when the answer to a command is there.
template <class Tag>
class Connection {
 public:
  Connection(sage::Host host, Context context, double timeout_s)
      : host_(host), context_(std::move(context)), timeout_ns_(static_cast<int64_t>(timeout_s * 1e9)) {
    check(context_->err == 0);
    context_->flags &= ~REDIS_BLOCK;
    fcntl(context_->fd, F_SETFL, fcntl(context_->fd, F_GETFL) | O_NONBLOCK);
  }

  void send(const Tag& tag, const std::vector<std::string_view>& words) {
    starts_.clear();
    sizes_.clear();
    for (const auto word : words) {
      starts_.push_back(word.empty() ? "" : word.data());
      sizes_.push_back(word.size());
    }
    check(redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), starts_.data(), sizes_.data()) == 0);
    owed_.push_back({tag, 0});
  }

  // Hands to the kernel what it takes of the commands so far.
  void write() {
    int all = 0;
    check(redisBufferWrite(context_.get(), &all) == REDIS_OK);
    written_ = all != 0;
    const auto now_ns = host_.now_ns();
    for (auto owed = owed_.rbegin(); owed != owed_.rend() && owed->sent_ns == 0; ++owed) owed->sent_ns = now_ns;
  }

  // Calls take(tag, reply, when its command was sent) for each answer that is there.
  template <class Take>
  void read(Take&& take) {
    void* answer = nullptr;
    check(redisBufferRead(context_.get()) == REDIS_OK);
    while (redisGetReplyFromReader(context_.get(), &answer) == REDIS_OK && answer != nullptr) {
      Reply reply(static_cast<redisReply*>(answer));
      if (owed_.empty()) throw std::runtime_error("it answers what nobody asked");
      const auto owed = owed_.front();
      owed_.pop_front();
      take(owed.tag, std::move(reply), owed.sent_ns);
    }
    check(context_->err == 0);
    if (host_.now_ns() > deadline_ns()) throw std::runtime_error("no answer in time (option timeout_s)");
  }

  [[nodiscard]] pollfd polled() const {
    return {context_->fd, static_cast<short>(written_ ? POLLIN : POLLIN | POLLOUT), 0};
  }

  // When the oldest command that was sent must have been answered.
  [[nodiscard]] int64_t deadline_ns() const {
    return owed_.empty() || owed_.front().sent_ns == 0 ? INT64_MAX : owed_.front().sent_ns + timeout_ns_;
  }

 private:
  struct Owed {
    Tag tag;
    int64_t sent_ns;  // 0 = not yet
  };

  void check(bool good) const {
    if (!good) throw std::runtime_error(context_->errstr);
  }

  sage::Host host_;
  Context context_;
  int64_t timeout_ns_;
  std::deque<Owed> owed_;
  bool written_ = true;
  std::vector<const char*> starts_;
  std::vector<size_t> sizes_;
};

}  // namespace redis

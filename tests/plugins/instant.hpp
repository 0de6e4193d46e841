// What the broken backends have in common: in order, they complete every request at once, inside submit.
#pragma once

#include <functional>
#include <sage/plugin.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

class Instant : public sage::Backend {
 public:
  Instant(sage::Host host, std::string_view /*id*/, const sage::Json& /*options*/) : host_(host) {
    host.set_metadata("no_digests", "nothing is executed");
  }
  void open(const sage_run& /*run*/) override {}
  size_t submit(std::span<const sage_request> rows) override {
    for (const auto& row : rows) complete(row.id);
    return rows.size();
  }
  bool drain(int64_t /*timeout_ns*/) override { return true; }
  void close() override {}

 protected:
  void complete(uint64_t id) const {
    sage_completion done{};
    done.id = id;
    done.status = SAGE_DONE_OK;
    host_.complete({&done, 1});
  }

 private:
  sage::Host host_;
};

// Commits `fault` in the call that the option `where` names; other calls are Instant's.
class BreaksIn : public Instant {
 public:
  using Fault = std::function<void(const std::string& where)>;
  BreaksIn(sage::Host host, std::string_view id, const sage::Json& options, const char* by_default, Fault fault)
      : Instant(host, id, options), where_(options.value("where", by_default)), fault_(std::move(fault)) {
    at("create");
  }
  ~BreaksIn() override { at("destroy"); }
  void open(const sage_run& run) override {
    at("open");
    Instant::open(run);
  }
  size_t submit(std::span<const sage_request> rows) override {
    at("submit");
    return Instant::submit(rows);
  }
  bool drain(int64_t timeout_ns) override {
    at("drain");
    return Instant::drain(timeout_ns);
  }
  void close() override {
    at("close");
    Instant::close();
  }
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  void at(std::string_view call) const {
    if (where_ == call) fault_(where_);
  }
  std::string where_;
  Fault fault_;
};

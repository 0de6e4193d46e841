// What broken workloads have in common: in order, each request has one step, whose result is its seq + 1.
#pragma once

#include <sage/plugin.hpp>

class Seq : public sage::Operator {
 public:
  void run(const sage::OpInput& in, sage_op_output& out) override {
    value_ = in.request().seq + 1;
    out.result = {&value_, sizeof value_};
    out.digest = value_;
  }

 private:
  uint64_t value_ = 0;
};

class OneStep : public sage::Workload {
 public:
  OneStep(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& /*options*/) {
    what_.stages.push_back({.name = "only", .operator_name = "seq"});
    what_.pipelines.push_back({"only", {{0, {}}}});
    what_.classes.push_back({.name = "only"});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return std::make_unique<Seq>();
  }
  size_t plan(std::span<sage_request> rows) override { return rows.size(); }

 private:
  sage::Description what_;
};

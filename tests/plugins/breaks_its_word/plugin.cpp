// A workload that is in order but for what its option `what` names: in what it says of itself, in its control events,
// in its judgement, or in its one operator.
#include <csignal>
#include <limits>
#include <random>
#include <stdexcept>

#include <sage/plugin.hpp>

namespace {

class Answer : public sage::Operator {
 public:
  explicit Answer(std::string what) : what_(std::move(what)) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    if (what_ == "operator") throw std::runtime_error("the operator fails on purpose");
    value_ = what_ == "random" ? std::random_device{}() | 1U : in.request().seq + 1;
    out.result = {&value_, sizeof value_};
    out.digest = value_;
  }

 private:
  const std::string what_;
  uint64_t value_ = 0;
};

class Broken : public sage::Workload {
 public:
  Broken(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
      : what_(options.value("what", "nothing")) {
    sage::StageSpec stage{.name = "answer", .operator_name = "answer"};
    if (what_ == "key_by") stage.key_by = 7;
    if (what_ == "cost") stage.cost_base_ns = std::numeric_limits<double>::quiet_NaN();
    if (what_ == "negative-cost") stage.cost_per_unit_in_ns = -1;
    if (what_ == "needs") {
      stage.needs = {"gpu"};
      description_.nodes = {{.name = "plain", .abilities = {"cpu"}}};
    }
    description_.stages = {stage};
    if (what_ == "names") description_.stages.push_back(stage);
    description_.pipelines = {{"only", {{0, {}}}}};
    if (what_ == "result") description_.pipelines[0].steps.push_back({0, {}});
    description_.classes = {{.name = "one", .slo_response_ns = what_ == "slo" ? -5 : 0}};
    constexpr int64_t ms = 1'000'000;
    if (what_ == "event-order") events_ = {{SAGE_EVENT_MARK, 20 * ms, "b"}, {SAGE_EVENT_MARK, 10 * ms, "a"}};
    if (what_ == "event-kind") events_ = {{9, 10 * ms, "a"}};
    if (what_ == "event-args") events_ = {{SAGE_EVENT_FAULT, 10 * ms, "kill-node", sage::Json::array()}};
  }
  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view /*name*/, const sage::Json& /*config*/,
                                                uint32_t /*replica*/, uint32_t /*replicas*/) override {
    if (what_ == "operator-open") throw std::runtime_error("the operator cannot be opened on purpose");
    return std::make_unique<Answer>(what_);
  }
  size_t plan(std::span<sage_request> rows) override { return rows.size(); }
  std::vector<sage::Event> events(int64_t /*until_ns*/) override { return std::exchange(events_, {}); }
  void settle(std::span<const sage_outcome> /*rows*/, std::span<uint32_t> /*verdicts*/) override {
    if (what_ == "settle" && ++settled_ > 1) throw std::runtime_error("settle fails on purpose");
  }
  sage::Conclusion conclude() override {
    if (what_ == "conclude") throw std::runtime_error("conclude fails on purpose");
    if (what_ == "conclude-crash") std::raise(SIGSEGV);
    return {};
  }

 private:
  const std::string what_;
  sage::Description description_;
  std::vector<sage::Event> events_;
  int settled_ = 0;
};

}  // namespace

SAGE_PLUGIN(Broken)

// As of another machine's clock, which nobody converted.
#include <sage/plugin.hpp>

class Seq : public sage::Operator {
 public:
  explicit Seq(sage::Host host) : host_(host) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    value_ = in.request().seq + 1;
    out.result = {&value_, sizeof value_};
    out.digest = value_;
    constexpr int64_t day_ns = 86'400'000'000'000;
    out.end_ns = host_.now_ns() + day_ns;
  }

 private:
  sage::Host host_;
  uint64_t value_ = 0;
};

class Broken : public sage::Workload {
 public:
  Broken(sage::Host host, std::string_view /*id*/, const sage::Json& /*options*/) : host_(host) {
    what_.stages.push_back({.name = "only", .operator_name = "seq"});
    what_.pipelines.push_back({"only", {{0, {}}}});
    what_.classes.push_back({.name = "only"});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return std::make_unique<Seq>(host_);
  }
  size_t plan(std::span<sage_request> rows) override { return rows.size(); }

 private:
  sage::Host host_;
  sage::Description what_;
};

SAGE_PLUGIN(Broken)

// The smallest workload that is complete: one stage, inputs drawn from the seed, results checked by digest.
#include <sage/plugin.hpp>

namespace {

std::string greet(const std::string& greeting, uint64_t whom) { return greeting + ", " + std::to_string(whom); }

// The stage's code, executed by whichever backend.
class Greeter : public sage::Operator {
 public:
  explicit Greeter(std::string greeting) : greeting_(std::move(greeting)) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    text_ = greet(greeting_, in.request().key);
    out.result = {text_.data(), text_.size()};  // text_ lives until the next call
    out.digest = sage::Draw::fnv1a(text_);
    out.units = 1;
  }

 private:
  std::string greeting_;
  std::string text_;
};

class Hello : public sage::Workload {
 public:
  Hello(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
      : greeting_(options.at("greeting")), whom_(options.at("seed").get<uint64_t>(), "whom") {
    description_.stages = {
        {.name = "greet", .operator_name = "greet", .config = {{"greeting", greeting_}}, .cost_base_ns = 1'000}};
    description_.pipelines = {{.name = "greet", .steps = {{.stage = 0, .inputs = {}}}}};
    description_.classes = {
        {.name = "all", .slo_response_ns = static_cast<int64_t>(options.at("slo_ms").get<double>() * 1e6)}};
  }

  const sage::Description& describe() override { return description_; }

  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& config, uint32_t /*replica*/,
                                                uint32_t /*replicas*/) override {
    if (name != "greet") return nullptr;
    return std::make_unique<Greeter>(config.at("greeting").get<std::string>());
  }

  // seq and due_ns are set already. Everything else follows from seq, so that every backend gets the same requests and
  // `settle` can draw them again.
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) {
      row.key = whom(row.seq);
      row.units_out = 1;
    }
    return rows.size();
  }

  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].outcome != SAGE_OUTCOME_OK || rows[i].digest == 0) continue;  // stays unchecked
      const bool same = rows[i].digest == sage::Draw::fnv1a(greet(greeting_, whom(rows[i].seq)));
      verdicts[i] = same ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
    }
  }

 private:
  [[nodiscard]] uint64_t whom(uint64_t seq) const { return whom_.integer(seq, 1, 1'000'000); }

  std::string greeting_;
  sage::Draw whom_;
  sage::Description description_;
};

}  // namespace

SAGE_PLUGIN(Hello)

// A workload whose results have no digest. It has to say so, or a backend that loses digests could not be told from it.
#include <sage/plugin.hpp>

class Silent : public sage::Operator {
 public:
  void run(const sage::OpInput& /*in*/, sage_op_output& out) override { out.result = {"text", 4}; }
};

class NoDigest : public sage::Workload {
 public:
  NoDigest(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options) {
    what_.stages.push_back({.name = "sample", .operator_name = "sample"});
    what_.pipelines.push_back({"only", {{0, {}}}, options.value("says", false) ? SAGE_PIPELINE_NO_DIGEST : 0U});
    what_.classes.push_back({.name = "only"});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return std::make_unique<Silent>();
  }
  size_t plan(std::span<sage_request> rows) override { return rows.size(); }

 private:
  sage::Description what_;
};

SAGE_PLUGIN(NoDigest)

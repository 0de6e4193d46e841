// The smallest backend: completes every request inside submit, without executing its pipeline. What it shows is the
// shape; what it measures is the host alone.
#include <sage/plugin.hpp>

namespace {

class Instant : public sage::Backend {
 public:
  Instant(sage::Host host, std::string_view /*id*/, const sage::Json& /*options*/) : host_(host) {}

  // The place to start a runtime and to deploy run.stages; run.operators holds the workload's code for them.
  void open(const sage_run& run) override {
    host_.set_metadata("no_digests", "nothing is executed");  // or results without digests would fail the run
    done_.reserve(static_cast<size_t>(run.max_in_flight));
  }

  size_t submit(std::span<const sage_request> rows) override {
    done_.clear();  // reserved in open: no allocation a request
    for (const auto& row : rows) {
      auto& done = done_.emplace_back();
      done.id = row.id;
      done.status = SAGE_DONE_OK;
      done.units = row.units_out;
    }
    host_.complete(done_);  // one call for the batch
    return rows.size();     // fewer would mean: full for now
  }

  bool drain(int64_t /*timeout_ns*/) override { return true; }  // nothing is ever left
  void close() override {}

 private:
  sage::Host host_;
  std::vector<sage_completion> done_;
};

}  // namespace

SAGE_PLUGIN(Instant)

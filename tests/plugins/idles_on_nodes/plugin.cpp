// Deals requests out to the first `used` nodes, however many it was given.
#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : Instant(host, id, options),
        own_(host),
        used_(options.value("used", 1U)),
        spans_(options.value("spans", true)) {}
  void open(const sage_run& run) override { run_ = &run; }
  size_t submit(std::span<const sage_request> rows) override {
    for (const auto& row : rows) {
      const auto now = own_.now_ns();
      const auto node = static_cast<uint32_t>(row.seq % used_);
      const auto stage = static_cast<uint16_t>(run_->pipelines[row.pipeline]->steps[0]->stage);
      const sage_span span{row.id, now, now, stage, 0, node, 0};
      if (spans_) own_.spans({&span, 1});
      sage_completion done{};
      done.id = row.id;
      done.status = SAGE_DONE_OK;
      done.node = node;
      own_.complete({&done, 1});
    }
    return rows.size();
  }
  void control(const sage_event& event) override { own_.event_done(event.id); }

 private:
  sage::Host own_;
  const uint32_t used_;
  const bool spans_;
  const sage_run* run_ = nullptr;  // which stays until close returned
};

SAGE_PLUGIN(Broken)

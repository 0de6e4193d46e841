// Not broken: a workload whose control events a test writes down. Each stage adds its number to a hash that begins with
// the request's seq, so a step that is left out, doubled or out of order changes the digest.
#include <sage/plugin.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace {

constexpr uint64_t n_keys = 97;

uint64_t next_hash(uint64_t hash, uint64_t stage) { return sage::Draw::mix(hash + stage + 1); }

class Link : public sage::Operator {
 public:
  Link(uint64_t stage, int64_t hold_ns) : stage_(stage), hold_ns_(hold_ns) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    auto hash = in.request().seq;
    if (stage_ != 0) std::memcpy(&hash, in.bytes().data(), std::min(sizeof hash, in.bytes().size()));
    hash_ = next_hash(hash, stage_);
    out.result = {&hash_, sizeof hash_};
    out.digest = hash_;
    out.hold_ns = hold_ns_;
  }

 private:
  const uint64_t stage_;
  const int64_t hold_ns_;
  uint64_t hash_ = 0;
};

uint32_t kind_of(const std::string& name) {
  constexpr std::array<std::string_view, 4> names = {"mark", "fault", "heal", "reconfigure"};
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end())
    throw sage::Failure(SAGE_INVALID, "option 'events': kind '" + name + "' must be mark, fault, heal or reconfigure");
  return static_cast<uint32_t>(found - names.begin()) + SAGE_EVENT_MARK;
}

class Timeline : public sage::Workload {
 public:
  Timeline(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
      : chain_(options.value("chain", 2U)),
        hold_ns_(static_cast<int64_t>(options.value("hold_us", 1000.0) * 1e3)),
        flags_(options.value("idempotent", true) ? SAGE_REQUEST_IDEMPOTENT : 0) {
    const bool keyed = options.value("keyed", false);
    sage::PipelineSpec pipeline{"chain", {}};
    for (uint32_t i = 0; i < chain_; ++i) {
      sage::StageSpec stage{"s" + std::to_string(i), "link", {{"stage", i}}};
      if (keyed && i + 1 == chain_) stage.key_by = SAGE_KEY_REQUEST;
      description_.stages.push_back(std::move(stage));
      pipeline.steps.push_back({i, i == 0 ? std::vector<uint32_t>() : std::vector<uint32_t>{i - 1}});
    }
    description_.pipelines = {std::move(pipeline)};
    description_.classes = {{"light"}};
    read_events(options.value("events", std::string("[]")));
  }

  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view /*name*/, const sage::Json& config,
                                                uint32_t /*replica*/, uint32_t /*replicas*/) override {
    return std::make_unique<Link>(config.at("stage").get<uint64_t>(), hold_ns_);
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) {
      row.key = row.seq % n_keys;
      row.flags |= flags_;
    }
    return rows.size();
  }
  std::vector<sage::Event> events(int64_t until_ns) override {
    std::vector<sage::Event> due;
    for (; next_ < events_.size() && events_[next_].due_ns <= until_ns; ++next_) due.push_back(events_[next_]);
    return due;
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].outcome != SAGE_OUTCOME_OK) continue;
      auto hash = rows[i].seq;
      for (uint32_t stage = 0; stage < chain_; ++stage) hash = next_hash(hash, stage);
      verdicts[i] = rows[i].digest == hash ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
      wrong_ += verdicts[i] == SAGE_VERDICT_WRONG ? 1 : 0;
    }
  }
  sage::Conclusion conclude() override {
    return {wrong_ == 0 ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG, {{"wrong", wrong_}}};
  }

 private:
  void read_events(const std::string& text) {
    const auto json = sage::Json::parse(text, nullptr, false);
    if (!json.is_array()) throw sage::Failure(SAGE_INVALID, "option 'events' must be a JSON array");
    for (const auto& event : json)
      events_.push_back({kind_of(event.value("kind", "mark")), static_cast<int64_t>(event.value("at_s", 0.0) * 1e9),
                         event.value("target", std::string()), event.value("args", sage::Json::object())});
    std::ranges::stable_sort(events_, {}, &sage::Event::due_ns);
  }

  const uint32_t chain_;
  const int64_t hold_ns_;
  const uint8_t flags_;
  sage::Description description_;
  std::vector<sage::Event> events_;
  size_t next_ = 0;
  uint64_t wrong_ = 0;
};

}  // namespace

SAGE_PLUGIN(Timeline)

// A workload to try backends with: `plugin check` runs it, tests do, and so may whoever writes one. Each stage adds its
// number to a hash that begins with the request's seq and payload, so a step that is left out, doubled or out of order
// changes the digest. A keyed last stage also counts the requests of each key.
#include <sage/plugin.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

namespace workloads::timeline {
namespace {

constexpr size_t longest_payload = 1 << 16;

uint64_t first_hash(uint64_t seq, std::string_view payload) {
  return payload.empty() ? seq : seq ^ sage::Draw::fnv1a(payload);
}
uint64_t next_hash(uint64_t hash, uint64_t stage) { return sage::Draw::mix(hash + stage + 1); }

// What a step passes on.
struct Link {
  uint64_t hash = 0;
  uint64_t earlier = 0;  // requests with this key that the stage had executed before, if it is keyed
};

class Stage : public sage::Operator {
 public:
  Stage(uint64_t number, bool counts, int64_t hold_ns) : number_(number), counts_(counts), hold_ns_(hold_ns) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    Link link;
    if (number_ == 0)
      link.hash = first_hash(in.request().seq, in.text());
    else
      std::memcpy(&link, in.bytes().data(), std::min(sizeof link, in.bytes().size()));
    link_ = {.hash = next_hash(link.hash, number_), .earlier = counts_ ? earlier_[in.request().key]++ : 0};
    out.result = {&link_, sizeof link_};
    out.digest = link_.hash;
    out.hold_ns = hold_ns_;
  }

 private:
  const uint64_t number_;
  const bool counts_;
  const int64_t hold_ns_;
  Link link_;
  std::unordered_map<uint64_t, uint64_t> earlier_;
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
        keys_(options.value("keys", uint64_t{97})),
        priorities_(options.value("priorities", 1U)),
        ordered_(options.value("ordered", false)),
        fuzz_(options.value("fuzz", uint64_t{0})),
        hold_ns_(static_cast<int64_t>(options.value("hold_us", 1000.0) * 1e3)),
        flags_(options.value("idempotent", true) ? SAGE_REQUEST_IDEMPOTENT : 0) {
    const bool keyed = options.value("keyed", false);
    if (fuzz_ != 0)
      for (const sage::Draw draw(fuzz_, "bytes"); bytes_.size() < longest_payload;)
        bytes_.push_back(static_cast<char>(draw.bits(bytes_.size())));
    if (ordered_ && !keyed) throw sage::Failure(SAGE_INVALID, "option 'ordered' needs keyed=true");
    sage::PipelineSpec pipeline{"chain", {}};
    for (uint32_t i = 0; i < chain_; ++i) {
      const bool last = i + 1 == chain_;
      sage::StageSpec stage{"s" + std::to_string(i), "link", {{"stage", i}, {"counts", keyed && last}}};
      if (keyed && last) stage.key_by = SAGE_KEY_REQUEST;
      stage.cost_base_ns = static_cast<double>(hold_ns_);
      description_.stages.push_back(std::move(stage));
      pipeline.steps.push_back({i, i == 0 ? std::vector<uint32_t>() : std::vector<uint32_t>{i - 1}});
    }
    description_.pipelines = {std::move(pipeline)};
    if (priorities_ == 1) description_.classes = {{"light"}};
    constexpr int64_t deadline_ns = 1'000'000'000;
    for (uint32_t i = 0; priorities_ > 1 && i < priorities_; ++i)
      description_.classes.push_back({.name = "p" + std::to_string(i), .slo_response_ns = deadline_ns * (i + 1)});
    read_events(options.value("events", std::string("[]")));
  }

  const sage::Description& describe() override { return description_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view /*name*/, const sage::Json& config,
                                                uint32_t /*replica*/, uint32_t /*replicas*/) override {
    return std::make_unique<Stage>(config.at("stage").get<uint64_t>(), config.at("counts").get<bool>(), hold_ns_);
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) {
      row.key = row.seq % keys_;
      row.flags |= flags_;
      row.class_id = static_cast<uint16_t>(row.seq % priorities_);
      row.priority = static_cast<uint8_t>(row.class_id);
      if (fuzz_ != 0) fuzz(row);
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
      if (rows[i].outcome != SAGE_OUTCOME_OK || nothing_executed(rows[i])) continue;
      verdicts[i] = is_right(rows[i]) ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
      if (verdicts[i] == SAGE_VERDICT_PASS) continue;
      constexpr size_t told = 10;
      if (wrong_.size() < told)
        wrong_.push_back({{"seq", rows[i].seq}, {"node", rows[i].node}, {"earlier", link_of(rows[i]).earlier}});
    }
  }
  sage::Conclusion conclude() override {
    return {wrong_.empty() ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG, {{"wrong", wrong_}}};
  }

 private:
  // By a simulator, say.
  static bool nothing_executed(const sage_outcome& row) { return row.digest == 0 && row.result.size == 0; }
  // Each value that the ABI allows, the extreme ones often.
  void fuzz(sage_request& row) const {
    const auto any = [&](std::string_view field) -> uint64_t {
      const sage::Draw draw(fuzz_, field);
      const auto value = draw.bits(row.seq);
      const std::array<uint64_t, 4> choices = {0, UINT64_MAX, value, value >> (value & 63)};
      return choices[draw.integer(~row.seq, 0, choices.size() - 1)];
    };
    row.key = any("key");
    row.priority = static_cast<uint8_t>(any("priority"));
    row.units_in = static_cast<uint32_t>(any("units_in"));
    row.units_out = static_cast<uint32_t>(any("units_out"));
    row.session = any("session");
    const auto payload = payload_of(row.seq);
    row.payload = {payload.data(), payload.size()};
  }
  [[nodiscard]] std::string_view payload_of(uint64_t seq) const {
    if (fuzz_ == 0 || seq % 3 == 0) return {};
    const sage::Draw draw(fuzz_, "payload");
    const auto size = draw.integer(2 * seq, 1, longest_payload >> draw.integer(seq, 0, 15));
    return std::string_view(bytes_).substr(draw.integer(2 * seq + 1, 0, longest_payload - size), size);
  }

  static Link link_of(const sage_outcome& row) {
    Link link;
    std::memcpy(&link, row.result.ptr, std::min<size_t>(row.result.size, sizeof link));
    return link;
  }
  [[nodiscard]] bool is_right(const sage_outcome& row) const {
    auto hash = first_hash(row.seq, payload_of(row.seq));
    for (uint32_t stage = 0; stage < chain_; ++stage) hash = next_hash(hash, stage);
    if (row.digest != hash) return false;
    return !ordered_ || (row.result.size == sizeof(Link) && link_of(row).earlier == row.seq / keys_);
  }

  void read_events(const std::string& text) {
    const auto json = sage::Json::parse(text, nullptr, false);
    if (!json.is_array()) throw sage::Failure(SAGE_INVALID, "option 'events' must be a JSON array");
    for (const auto& event : json)
      events_.push_back({kind_of(event.value("kind", "mark")), static_cast<int64_t>(event.value("at_s", 0.0) * 1e9),
                         event.value("target", std::string()), event.value("args", sage::Json::object())});
    std::ranges::stable_sort(events_, {}, &sage::Event::due_ns);
  }

  const uint32_t chain_;
  const uint64_t keys_;
  const uint32_t priorities_;
  const bool ordered_;
  const uint64_t fuzz_;
  const int64_t hold_ns_;
  const uint8_t flags_;
  std::string bytes_;
  sage::Description description_;
  std::vector<sage::Event> events_;
  size_t next_ = 0;
  sage::Json wrong_ = sage::Json::array();  // the first ones
};

}  // namespace
}  // namespace workloads::timeline

SAGE_PLUGIN(workloads::timeline::Timeline)

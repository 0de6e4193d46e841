// A workload as it was written and built for ABI 1.0. Never edited: every later host has to load and run it. It uses
// payloads of its own that it frees when they are released, results above the usual limit, keyed state, a phase.
#include <sage/plugin.hpp>

#include <map>

namespace {

class Count : public sage::Operator {
 public:
  Count(bool last, size_t large) : last_(last), large_(large) {}
  void run(const sage::OpInput& in, sage_op_output& out) override {
    const auto& request = in.request();
    text_ = std::string(in.text()) + (last_ ? "!" : "?");
    if (last_ && request.seq % 50 == 0) text_.resize(large_, '.');
    out.result = {text_.data(), text_.size()};
    out.digest = sage::Draw::fnv1a(text_);
    out.units = last_ ? request.units_out : 0;
  }

 private:
  bool last_;
  size_t large_;
  std::string text_;
};

class Work : public sage::Workload {
 public:
  static constexpr uint64_t result_max = SAGE_RESULT_MAX_POSSIBLE;

  Work(sage::Host /*host*/, std::string_view /*id*/, const sage::Json& options)
      : large_(options.value("result_kib", size_t{100}) * 1024), draw_(options.value("seed", uint64_t{42}), "units") {
    what_.stages.push_back({.name = "ask", .operator_name = "ask"});
    what_.stages.push_back({.name = "answer", .operator_name = "answer", .key_by = SAGE_KEY_REQUEST});
    what_.pipelines.push_back({"chain", {{0, {}}, {1, {0}}}});
    what_.classes.push_back({.name = "only", .slo_response_ns = 1'000'000'000});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view name, const sage::Json& /*config*/,
                                                uint32_t /*replica*/, uint32_t /*replicas*/) override {
    if (name != "ask" && name != "answer") return nullptr;
    return std::make_unique<Count>(name == "answer", large_);
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) {
      auto& payload = payloads_[row.seq] = "payload " + std::to_string(row.seq);
      row.payload = {payload.data(), payload.size()};
      row.key = row.seq % 7;
      row.session = row.seq % 7 + 1;
      row.units_out = static_cast<uint32_t>(draw_.integer(row.seq, 1, 20));
      row.flags |= SAGE_REQUEST_IDEMPOTENT;
    }
    return rows.size();
  }
  std::vector<sage::Event> events(int64_t until_ns) override {
    constexpr int64_t half_a_second = 500'000'000;
    if (marked_ || until_ns < half_a_second) return {};
    marked_ = true;
    return {{SAGE_EVENT_MARK, half_a_second, "second half", sage::Json::object()}};
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& row = rows[i];
      if (row.outcome != SAGE_OUTCOME_OK) continue;
      const auto result = sage::view(row.result);
      auto expected = "payload " + std::to_string(row.seq) + "?!";
      if (row.seq % 50 == 0) expected.resize(large_, '.');
      const bool same =
          result.size() == expected.size() && std::memcmp(result.data(), expected.data(), expected.size()) == 0;
      verdicts[i] = same ? SAGE_VERDICT_PASS : SAGE_VERDICT_WRONG;
      if (row.first_ns >= 0) ++streamed_;
    }
  }
  void release(std::span<const uint64_t> seqs) override {
    for (const auto seq : seqs) payloads_.erase(seq);
    released_ += seqs.size();
  }
  sage::Conclusion conclude() override {
    return {SAGE_VERDICT_UNCHECKED, {{"released", released_}, {"kept", payloads_.size()}, {"streamed", streamed_}}};
  }

 private:
  sage::Description what_;
  size_t large_;
  sage::Draw draw_;
  std::map<uint64_t, std::string> payloads_;  // of requests that somebody may still read
  uint64_t released_ = 0;
  uint64_t streamed_ = 0;
  bool marked_ = false;
};

}  // namespace

SAGE_PLUGIN(Work)

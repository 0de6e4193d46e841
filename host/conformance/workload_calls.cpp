// Questions to a workload that is called directly.
#include "conformance/workload_calls.hpp"

#include <fmt/format.h>

#include <numeric>
#include <random>

#include "conformance/calls.hpp"

namespace host::conformance {
namespace {

constexpr uint64_t planned = 500;
namespace testing = sage::testing;

// An instance whose rows were planned.
class Planned {
 public:
  explicit Planned(const CallCase& of)
      : plugin_(catalog::load_plugin(of.plugin)),
        instance_(plugin_, testing::config_of(load(of), default_options(of.plugin)).dump()) {}

  // In blocks of these sizes, in turn.
  void plan(std::span<const uint64_t> blocks) {
    rows_.resize(planned);
    for (uint64_t i = 0; i < planned; ++i) {
      rows_[i].seq = i;
      rows_[i].due_ns = static_cast<int64_t>(i) * 1'000'000;
    }
    uint64_t done = 0;
    for (size_t turn = 0; done < planned; ++turn) {
      const auto n = std::min(blocks[turn % blocks.size()], planned - done);
      uint64_t filled = 0;
      check(table().plan(self(), rows_.data() + done, n, &filled), "plan");
      if (filled > n) throw std::runtime_error(fmt::format("plan filled {} rows of {}", filled, n));
      done += filled;
      if (filled < n) break;
    }
    rows_.resize(done);
  }

  // Executed here, one after the other: what each request should end like.
  std::vector<sage_outcome> execute() {
    sage_operators operators{};
    operators.struct_size = sizeof operators;
    check(table().operators(self(), &operators), "operators");
    sage_run run{};
    run.struct_size = sizeof run;
    check(table().stages(self(), &run.stages, &run.n_stages), "stages");
    check(table().pipelines(self(), &run.pipelines, &run.n_pipelines), "pipelines");
    testing::SerialStages serial(run, operators);
    results_.resize(rows_.size());
    std::vector<sage_outcome> out;
    for (const auto& row : rows_) {
      const auto begun_ns = instance_.host().now_ns();
      const auto output = serial.execute(row, results_[row.seq]);
      look_at_times(output, begun_ns, instance_.host().now_ns(), row.seq);
      auto& outcome = out.emplace_back();
      outcome.seq = row.seq;
      outcome.at_ns = row.due_ns + 1'000'000;
      outcome.begun_ns = row.due_ns;
      outcome.digest = output.digest;
      outcome.units = output.units;
      outcome.first_ns = -1;
      outcome.result = {results_[row.seq].data(), results_[row.seq].size()};
    }
    return out;
  }

  struct Judgement {
    std::vector<uint32_t> verdicts;  // by seq
    uint32_t run = SAGE_VERDICT_UNCHECKED;
  };
  Judgement judge(std::span<const sage_outcome> outcomes, size_t at_once) {
    Judgement out;
    out.verdicts.resize(rows_.size());
    for (size_t i = 0; i < outcomes.size(); i += at_once) {
      const auto batch = outcomes.subspan(i, std::min(at_once, outcomes.size() - i));
      std::vector<uint32_t> verdicts(batch.size(), SAGE_VERDICT_UNCHECKED);
      check(table().settle(self(), batch.data(), batch.size(), verdicts.data()), "settle");
      for (size_t k = 0; k < batch.size(); ++k) out.verdicts[batch[k].seq] = verdicts[k];
    }
    sage_str report{};
    if (SAGE_HAS(&table(), sage_workload, conclude)) check(table().conclude(self(), &out.run, &report), "conclude");
    return out;
  }

  // Of executions of the last step: what is wrong with the times that its operator gives.
  std::string wrong_times() const { return wrong_times_; }
  [[nodiscard]] const std::vector<sage_request>& rows() const { return rows_; }
  [[nodiscard]] bool judges() const { return SAGE_HAS(&table(), sage_workload, settle); }

 private:
  void look_at_times(const sage_op_output& out, int64_t begun_ns, int64_t returned_ns, uint64_t seq) {
    const auto within = [&](int64_t at_ns) { return at_ns == 0 || (at_ns >= begun_ns && at_ns <= returned_ns); };
    const char* what = nullptr;
    if (!within(out.first_ns) || !within(out.end_ns)) what = "first_ns and end_ns have to lie within the call";
    if (out.first_ns > out.end_ns && out.end_ns != 0) what = "first_ns is after end_ns";
    if (out.hold_ns < 0 || out.first_after_ns < 0) what = "hold_ns and first_after_ns must not be negative";
    if (out.first_after_ns > out.hold_ns) what = "first_after_ns is more than hold_ns";
    if (what != nullptr && wrong_times_.empty()) wrong_times_ = fmt::format("request {}: {}", seq, what);
  }
  static testing::Load load(const CallCase& of) {
    auto load = small_load(of);
    load.requests = planned;
    return load;
  }
  [[nodiscard]] const sage_workload& table() const { return *plugin_.table.workload; }
  [[nodiscard]] void* self() const { return instance_.get(); }
  void check(sage_status status, const char* call) { instance_.host().check(status, call); }

  const catalog::Plugin plugin_;
  Instance instance_;
  std::vector<sage_request> rows_;
  std::vector<std::string> results_;
  std::string wrong_times_;
};

constexpr std::array<uint64_t, 1> usual_blocks = {64};

std::string_view payload(const sage_request& row) {
  return {static_cast<const char*>(row.payload.ptr), static_cast<size_t>(row.payload.size)};
}

// The first field in which they differ; null if they are equal.
const char* difference(const sage_request& a, const sage_request& b) {
  if (a.due_ns != b.due_ns) return "due_ns";
  if (a.key != b.key) return "key";
  if (a.pipeline != b.pipeline) return "pipeline";
  if (a.class_id != b.class_id) return "class_id";
  if (a.tenant != b.tenant) return "tenant";
  if (a.priority != b.priority) return "priority";
  if (a.flags != b.flags) return "flags";
  if (a.units_in != b.units_in) return "units_in";
  if (a.units_out != b.units_out) return "units_out";
  if (a.session != b.session) return "session";
  return payload(a) == payload(b) ? nullptr : "payload";
}

}  // namespace

std::string plans_alike(const CallCase& of) {
  Planned first(of), second(of);
  constexpr std::array<uint64_t, 4> odd_blocks = {1, 7, 130, 3};
  first.plan(usual_blocks);
  second.plan(odd_blocks);
  if (first.rows().size() != second.rows().size())
    return fmt::format("{} requests in one instance, {} in another, which was asked for other blocks",
                       first.rows().size(), second.rows().size());
  for (size_t i = 0; i < first.rows().size(); ++i)
    if (const auto* field = difference(first.rows()[i], second.rows()[i]); field != nullptr)
      return fmt::format("`{}` of request {} is another in an instance that was asked for other blocks", field, i);
  return "";
}

std::string judges_in_any_order(const CallCase& of) {
  const auto judged = [&](const std::function<void(std::vector<sage_outcome>&)>& arrange, size_t at_once) {
    Planned plan(of);
    if (!plan.judges()) throw Skip{"it judges nothing"};
    plan.plan(usual_blocks);
    auto outcomes = plan.execute();
    arrange(outcomes);
    return plan.judge(outcomes, at_once);
  };
  const auto usual = judged([](auto&) {}, 64);
  const auto compare = [&](const Planned::Judgement& other, const char* how) -> std::string {
    for (size_t seq = 0; seq < usual.verdicts.size(); ++seq)
      if (usual.verdicts[seq] != other.verdicts[seq])
        return fmt::format("{}, the verdict on request {} is another one", how, seq);
    return usual.run == other.run ? "" : fmt::format("{}, the verdict on the run is another one", how);
  };
  const auto backwards = judged([](auto& rows) { std::ranges::reverse(rows); }, 1);
  if (auto text = compare(backwards, "from the last to the first, one by one"); !text.empty()) return text;
  const auto shuffled = judged([&](auto& rows) { std::ranges::shuffle(rows, std::mt19937_64(of.seed)); }, 7);
  return compare(shuffled, "in an order drawn from the seed");
}

std::string operators_keep_time(const CallCase& of) {
  Planned plan(of);
  plan.plan(usual_blocks);
  (void)plan.execute();
  return plan.wrong_times();
}

std::string judges_losses(const CallCase& of) {
  Planned plan(of);
  if (!plan.judges()) throw Skip{"it judges nothing"};
  plan.plan(usual_blocks);
  auto outcomes = plan.execute();
  constexpr std::array lost = {SAGE_OUTCOME_UNFINISHED, SAGE_OUTCOME_ERROR, SAGE_OUTCOME_TIMEOUT, SAGE_OUTCOME_REJECTED,
                               SAGE_OUTCOME_CANCELLED};
  for (auto& row : outcomes) {
    if (row.seq % 2 == 0) continue;
    row.outcome = lost[row.seq / 2 % lost.size()];
    row.result = {};
    row.digest = row.units = 0;
    row.begun_ns = -1;
  }
  const auto judged = plan.judge(outcomes, 64);
  for (size_t seq = 1; seq < judged.verdicts.size(); seq += 2)
    if (judged.verdicts[seq] == SAGE_VERDICT_PASS)
      return fmt::format("request {}, which ended with outcome {}, passed", seq, outcomes[seq].outcome);
  return judged.run == SAGE_VERDICT_WRONG ? "the run is called wrong because requests were lost" : "";
}

}  // namespace host::conformance

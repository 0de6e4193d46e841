#include "engine/engine.hpp"

#include <doctest/doctest.h>
#include <sage/plugin.hpp>

#include <deque>
#include <functional>

using namespace host;
using namespace host::engine;

namespace {

constexpr int64_t ms = 1'000'000;

// What one simulated backend does; each test changes a piece.
struct Script {
  int64_t service_ns = 5 * ms;
  size_t queue_limit = SIZE_MAX;  // more outstanding: submit takes no more
  std::function<bool(uint64_t seq)> lose = [](uint64_t) { return false; };
  std::function<bool(uint64_t seq)> repeat = [](uint64_t) { return false; };
  bool invent = false;  // completes an id that was never issued
  bool chunks = false;
  int64_t token_ns = ms;
  std::vector<sage::Event> events;
  bool tells_all_events = false;  // at once, instead of keeping back what is not due
  std::function<uint32_t(const sage_outcome&)> judge = [](const sage_outcome& o) {
    return o.outcome == SAGE_OUTCOME_OK ? SAGE_VERDICT_PASS : SAGE_VERDICT_UNCHECKED;
  };
  uint32_t verdict = SAGE_VERDICT_PASS;
  std::vector<std::pair<std::string, sage::Json>> metadata;
  // seen
  uint64_t settled = 0;
  std::vector<std::string> controls;
};
Script* script = nullptr;

// A delay station in virtual time: every request ends service_ns after it was sent.
class Delay : public sage::Backend {
 public:
  Delay(sage::Host host, std::string_view, const sage::Json&) : host_(host) {}
  void open(const sage_run&) override {
    for (const auto& [key, value] : script->metadata) host_.set_metadata(key, value);
  }
  size_t submit(std::span<const sage_request> rows) override {
    size_t taken = 0;
    for (const auto& row : rows) {
      if (queue_.size() >= script->queue_limit) break;
      queue_.push_back({row, host_.now_ns()});
      ++taken;
    }
    return taken;
  }
  void control(const sage_event& event) override {
    script->controls.emplace_back(sage::view(event.target));
    host_.event_done(event.id);
  }
  int64_t advance(int64_t until_ns) override {
    while (!queue_.empty() && queue_.front().begun + script->service_ns <= until_ns) {
      const auto [row, begun] = queue_.front();
      queue_.pop_front();
      if (script->lose(row.seq)) continue;
      const auto end = begun + script->service_ns;
      sage_completion done{};
      done.id = row.id;
      done.at_ns = end;
      done.begun_ns = begun;
      done.digest = row.seq + 1;
      if (script->chunks) {
        auto first = done;
        first.flags = SAGE_COMPLETION_PARTIAL;
        first.units = 1;
        first.at_ns = end - 4 * script->token_ns;
        host_.complete({&first, 1});
        done.units = 5;
      }
      const sage_span span = {
          .id = row.id, .begin_ns = begun, .end_ns = end, .stage = 0, .step = 0, .node = 0, .reserved = 0};
      host_.spans({&span, 1});
      host_.complete({&done, 1});
      if (script->repeat(row.seq)) host_.complete({&done, 1});
      if (script->invent) {
        done.id += uint64_t{7} << 24;
        host_.complete({&done, 1});
      }
    }
    return queue_.empty() ? INT64_MAX : queue_.front().begun + script->service_ns;
  }
  bool drain(int64_t) override { return queue_.empty(); }
  void close() override {}

 private:
  struct Job {
    sage_request row;
    int64_t begun;
  };
  sage::Host host_;
  std::deque<Job> queue_;
};

class Two : public sage::Workload {
 public:
  Two(sage::Host, std::string_view, const sage::Json&) {
    what_.stages.push_back({.name = "serve", .operator_name = "serve"});
    what_.pipelines.push_back({"only", {{0, {}}}});
    what_.classes.push_back({.name = "tight", .slo_response_ns = 4 * ms});
    what_.classes.push_back({.name = "loose", .slo_response_ns = 50 * ms});
  }
  const sage::Description& describe() override { return what_; }
  std::unique_ptr<sage::Operator> open_operator(std::string_view, const sage::Json&, uint32_t, uint32_t) override {
    return nullptr;
  }
  size_t plan(std::span<sage_request> rows) override {
    for (auto& row : rows) row.class_id = static_cast<uint16_t>(row.seq & 1);
    return rows.size();
  }
  std::vector<sage::Event> events(int64_t until_ns) override {
    std::vector<sage::Event> due;
    while (next_ < script->events.size() && (script->tells_all_events || script->events[next_].due_ns <= until_ns))
      due.push_back(script->events[next_++]);
    return due;
  }
  void settle(std::span<const sage_outcome> rows, std::span<uint32_t> verdicts) override {
    script->settled += rows.size();
    for (size_t i = 0; i < rows.size(); ++i) verdicts[i] = script->judge(rows[i]);
  }
  sage::Conclusion conclude() override { return {script->verdict, {{"settled", script->settled}}}; }

 private:
  sage::Description what_;
  size_t next_ = 0;
};

template <class Class>
catalog::Plugin plugin_of(const char* id, catalog::PluginKind kind) {
  catalog::Plugin plugin;
  plugin.manifest.id = id;
  plugin.manifest.kind = kind;
  plugin.manifest.capabilities = {"fault.kill-worker", "fault.kill-node"};
  plugin.table.struct_size = sizeof(sage_plugin);
  sage::detail::entry<Class>(nullptr, &plugin.table, "");
  return plugin;
}

struct Recorder : records::Writer {
  uint64_t offered = 0;
  std::vector<records::RequestRow> rows;
  int finished = 0;
  void begin(const records::RunInfo&) override {}
  void take(const records::Interval& interval) override { offered += interval.offered; }
  void take(std::span<const records::RequestRow> more) override { rows.insert(rows.end(), more.begin(), more.end()); }
  void finish(const records::RunInfo&, const records::RunResult&) override { ++finished; }
};

struct Fixture {
  Script what;
  EngineConfig config;
  Recorder recorder;
  std::atomic<int> stop{0};
  CallWatch* watch = nullptr;
  Fixture() {
    script = &what;
    config.virtual_time = true;
    config.load.arrival = load::Arrival::constant;
    config.load.rate = 100;
    config.load.total_requests = 1000;
    config.load.warmup_items = 100;
    config.load.timeout_s = 1;
    config.load.drain_timeout_s = 2;
  }
  records::RunResult go() {
    const auto workload = plugin_of<Two>("two", catalog::PluginKind::workload);
    const auto backend = plugin_of<Delay>("delay", catalog::PluginKind::backend);
    EngineInput input{&workload, sage::Json::object(), &backend, sage::Json::object()};
    records::RunInfo info;
    std::vector<records::Writer*> writers = {&recorder};
    return run(config, input, info, writers, watch, stop);
  }
};

uint64_t count(const records::RunResult& r, metrics::Outcome outcome) {
  return r.ledger.outcomes[static_cast<size_t>(outcome)];
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a clean run: every request once, latency from the due time, warm-up excluded") {
  const auto r = go();
  CHECK(r.status == records::RunStatus::ok);
  CHECK(r.reasons.empty());
  CHECK(r.ledger.offered == 1100);
  CHECK(r.ledger.warmup == 100);
  CHECK(count(r, metrics::Outcome::ok) == 1100);
  CHECK(what.settled == 1100);
  CHECK(r.verdict == "pass");
  const auto total = r.cells->sum();
  CHECK(total.offered == 1000);
  CHECK(total.response.count() == 1000);
  CHECK(total.response.quantile(0.5) == doctest::Approx(5.0 * ms).epsilon(0.001));
  CHECK(r.window_s == doctest::Approx(10.0).epsilon(1e-6));
  CHECK(r.achieved_rate == doctest::Approx(100).epsilon(1e-6));
  CHECK(r.cells->sum(metrics::CounterTable::any, 0).slo_met == 0);    // 5 ms against 4 ms
  CHECK(r.cells->sum(metrics::CounterTable::any, 1).slo_met == 500);  // against 50 ms
  CHECK(recorder.finished == 1);
  CHECK(recorder.offered == 1100);
}

TEST_CASE_FIXTURE(Fixture, "the same run twice gives the same result") {
  config.load.arrival = load::Arrival::poisson;
  const auto a = go();
  what.settled = 0;
  const auto b = go();
  CHECK(a.digest == b.digest);
  CHECK(a.window_s == b.window_s);
  CHECK(a.cells->sum().response.max() == b.cells->sum().response.max());
}

TEST_CASE_FIXTURE(Fixture,
                  "a hundred measured requests are sampled with their steps, the same ones whatever the backend does") {
  const auto fast = go().timeline;
  what.service_ns = 20 * ms;
  what.lose = [](uint64_t seq) { return seq == 200; };
  const auto slow = go().timeline;
  REQUIRE(fast.size() == 100);
  REQUIRE(slow.size() == 100);
  for (size_t i = 0; i < 100; ++i) {
    const auto seq = 100 + 10 * i;  // after the warm-up, every tenth
    CHECK(fast[i].row.seq == seq);
    CHECK(slow[i].row.seq == seq);
    CHECK(fast[i].row.done_ns - fast[i].row.due_ns == 5 * ms);
    const auto lost = seq == 200;
    CHECK(slow[i].row.outcome == static_cast<uint8_t>(lost ? metrics::Outcome::timeout : metrics::Outcome::ok));
    REQUIRE(fast[i].n_steps == 1);
    CHECK(fast[i].steps[0].begin_ns == fast[i].row.begun_ns);
    CHECK(fast[i].steps[0].end_ns == fast[i].row.done_ns);
    CHECK(slow[i].n_steps == (lost ? 0 : 1));
  }
}

TEST_CASE_FIXTURE(Fixture, "a response later than the limit is a timeout, however late the sweep comes") {
  config.load.timeout_s = 0.0055;
  what.service_ns = 6 * ms;  // swept every 10 ms
  const auto r = go();
  CHECK(count(r, metrics::Outcome::ok) == 0);
  CHECK(count(r, metrics::Outcome::timeout) == r.ledger.offered);
  CHECK(r.status == records::RunStatus::failed);
}

TEST_CASE_FIXTURE(Fixture, "what a plugin says never replaces what the host says") {
  what.metadata = {{"timer", "exact"}, {"drain", "none"}, {"hold_window_s", 0}, {"mode", "fast"}};
  const auto r = go();
  CHECK(r.notes.at("timer").is_object());
  CHECK(r.notes.at("plugin.timer") == "exact");
  CHECK_FALSE(r.notes.contains("drain"));
  CHECK(r.notes.at("hold_window_s") == config.hold_window_s);
  CHECK(r.notes.at("mode") == "fast");
  CHECK_FALSE(r.notes.contains("left_out"));
}

TEST_CASE_FIXTURE(Fixture,
                  "a run on several nodes of which one served nothing is invalid, unless a fault explains it") {
  const auto one = go();
  REQUIRE(one.nodes.size() == 1);
  CHECK(one.status == records::RunStatus::ok);
  CHECK(one.nodes[0].requests == 1000);
  CHECK(one.nodes[0].busy_s == std::nullopt);  // this backend does not say

  config.nodes = 3;
  const auto three = go();
  CHECK(three.status == records::RunStatus::invalid);
  REQUIRE(three.reasons.size() == 1);
  CHECK(three.reasons[0].find("nodes 1 and 2 served none of 1000 requests") == 0);
  REQUIRE(three.nodes.size() == 3);
  CHECK(three.nodes[0].share == 1.0);
  CHECK(three.nodes[2].requests == 0);
  CHECK(three.nodes[2].share == 0.0);

  config.nodes = 2;
  what.events = {{SAGE_EVENT_FAULT, 10 * ms, "kill-node", {{"node", 1}}}};
  CHECK(go().status == records::RunStatus::ok);
  what.events = {{SAGE_EVENT_RECONFIGURE, 10 * ms, "add-node", {}}};
  const auto added = go();  // the backend has never heard of it
  CHECK(added.nodes.size() == 2);
  CHECK(added.reasons[0].find("node 1 served none") == 0);

  what.events = {};
  config.load.total_requests = 10;
  CHECK(go().status == records::RunStatus::ok);  // too few to say
}

TEST_CASE_FIXTURE(Fixture, "warm-up that succeeds makes no run ok") {
  what.lose = [](uint64_t seq) { return seq >= 100; };
  const auto r = go();
  CHECK(r.status == records::RunStatus::failed);
  CHECK(r.reasons.at(0) == "no measured request succeeded");
}

TEST_CASE_FIXTURE(Fixture, "more requests at once than the ring of rows holds are all judged") {
  config.load.arrival = load::Arrival::offline;
  config.load.total_requests = 150'000;
  config.load.max_in_flight = 1 << 18;
  config.load.timeout_s = 0.001;  // all of them in one sweep
  const auto r = go();
  CHECK(r.ledger.log_dropped == 0);
  CHECK(r.settle_dropped == 0);
  CHECK(r.ledger.balanced());
}

TEST_CASE_FIXTURE(Fixture, "a wait for a free slot is the limit's, not the generator's") {
  config.load.max_in_flight = 2;
  config.load.timeout_s = 1000;
  what.service_ns = 50 * ms;  // of 100/s
  const auto r = go();
  CHECK(r.slot_wait_ns > 1000 * ms);
  CHECK(r.lateness.quantile(0.99) < 1 * ms);
  CHECK(r.cells->sum().response.max() > 100 * ms);  // it is latency
}

TEST_CASE_FIXTURE(Fixture, "lost requests time out and are settled") {
  what.lose = [](uint64_t seq) { return seq % 10 == 0; };
  const auto r = go();
  CHECK(count(r, metrics::Outcome::timeout) == 110);
  CHECK(count(r, metrics::Outcome::ok) == 990);
  CHECK(what.settled == 1100);
  CHECK(r.ledger.balanced());
  CHECK(r.status == records::RunStatus::ok);
}

TEST_CASE_FIXTURE(Fixture, "what has no outcome when the drain ends is unfinished") {
  config.load.timeout_s = 100;
  what.lose = [](uint64_t seq) { return seq == 500; };
  const auto r = go();
  CHECK(count(r, metrics::Outcome::unfinished) == 1);
  CHECK(what.settled == 1100);
  CHECK(r.notes.contains("drain"));
}

TEST_CASE_FIXTURE(Fixture, "a second outcome for a request makes the run invalid") {
  what.repeat = [](uint64_t seq) { return seq == 400; };
  const auto r = go();
  CHECK(r.ledger.duplicate == 1);
  CHECK(r.status == records::RunStatus::invalid);
  CHECK(r.exit == base::Exit::invalid);
}

TEST_CASE_FIXTURE(Fixture, "an outcome for a request that was never issued makes the run invalid") {
  what.invent = true;
  const auto r = go();
  CHECK(r.ledger.unexpected == 1100);
  CHECK(r.exit == base::Exit::invalid);
}

TEST_CASE_FIXTURE(Fixture, "a refused result fails the run and is counted in its class") {
  what.judge = [](const sage_outcome& o) { return o.seq == 301 ? SAGE_VERDICT_WRONG : SAGE_VERDICT_PASS; };
  const auto r = go();
  CHECK(r.exit == base::Exit::failed);
  CHECK(r.ledger.wrong == 1);
  CHECK(r.cells->sum(metrics::CounterTable::any, 1).wrong == 1);
  CHECK(r.cells->sum(metrics::CounterTable::any, 0).wrong == 0);
}

TEST_CASE_FIXTURE(Fixture, "a workload that concludes nothing is judged by its rows") {
  what.verdict = SAGE_VERDICT_UNCHECKED;
  CHECK(go().verdict == "pass");
  what.judge = [](const sage_outcome& o) { return o.seq == 3 ? SAGE_VERDICT_UNCHECKED : SAGE_VERDICT_PASS; };
  CHECK(go().verdict == "unchecked");
}

TEST_CASE_FIXTURE(Fixture, "back-pressure shows as latency, and not as a late generator") {
  what.queue_limit = 1;
  what.service_ns = 20 * ms;  // twice what the rate allows
  config.load.total_requests = 200;
  config.load.warmup_items = 0;
  config.load.timeout_s = 100;
  config.load.drain_timeout_s = 100;
  const auto r = go();
  CHECK(count(r, metrics::Outcome::ok) == 200);
  const auto total = r.cells->sum();
  // the last one waits for 199 others of 20 ms, less its own arrival after 1.99 s
  CHECK(static_cast<double>(total.response.max()) > 1.9e9);
  CHECK(r.blocked_ns > 0);
  CHECK(r.lateness.quantile(0.99) < ms);
  CHECK(total.ok_in_window < 110);  // what ended within the 2 s window
}

TEST_CASE_FIXTURE(Fixture, "phases split the requests by due time") {
  config.load.warmup_items = 0;
  what.events = {{SAGE_EVENT_MARK, 0, "before", {}},
                 {SAGE_EVENT_MARK, 2'500 * ms, "after", {}},
                 {SAGE_EVENT_FAULT, 3'000 * ms, "kill-worker", {{"stage", "serve"}}}};
  const auto r = go();
  REQUIRE(r.cells->phases().size() == 2);
  CHECK(r.cells->phases()[0] == "before");
  const auto before = r.cells->sum(0).offered;
  CHECK(before + r.cells->sum(1).offered == 1000);
  CHECK(before >= 249);
  CHECK(before <= 250);
  CHECK(r.phase_windows[0].seconds + r.phase_windows[1].seconds == doctest::Approx(10.0));
  CHECK(what.controls == std::vector<std::string>{"kill-worker"});
  REQUIRE(r.events.size() == 3);
  CHECK(r.events[2].status == "done");
  CHECK(r.events[2].confirmed_s.has_value());
}

TEST_CASE_FIXTURE(Fixture, "events between the last request and the window's end happen, later ones do not") {
  config.load.warmup_items = 0;
  config.load.rate = 1;
  config.load.total_requests = 3;  // due at 0, 1 and 2 s; the window ends at 3 s
  what.events = {{SAGE_EVENT_FAULT, 2'500 * ms, "kill-worker", {}}, {SAGE_EVENT_FAULT, 3'500 * ms, "too-late", {}}};
  go();
  CHECK(what.controls == std::vector<std::string>{"kill-worker"});
}

TEST_CASE_FIXTURE(Fixture, "a run that ended before what its workload had planned is invalid") {
  config.load.warmup_items = 0;
  config.load.rate = 1;
  config.load.total_requests = 3;
  what.events = {{SAGE_EVENT_FAULT, 2'500 * ms, "kill-worker", {}}, {SAGE_EVENT_HEAL, 3'500 * ms, "too-late", {}}};
  what.tells_all_events = true;
  const auto r = go();
  CHECK(what.controls == std::vector<std::string>{"kill-worker"});
  CHECK(r.status == records::RunStatus::invalid);
  REQUIRE(!r.reasons.empty());
  CHECK(r.reasons[0].find("1 of the workload's events never happened") == 0);
  CHECK(r.reasons[0].find("'too-late' at 3.5 s") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "events happen at their time in a closed loop too") {
  config.load.arrival = load::Arrival::closed;
  config.load.concurrency = 1;
  what.events = {{SAGE_EVENT_FAULT, 1'000 * ms, "kill-worker", {}}};
  const auto r = go();
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].issued_s == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE_FIXTURE(Fixture, "tokens give ttft, tpot and itl") {
  what.chunks = true;
  const auto r = go();
  const auto total = r.cells->sum();
  CHECK(total.ttft.quantile(0.5) == doctest::Approx(1.0 * ms).epsilon(0.001));
  CHECK(total.tpot.quantile(0.5) == doctest::Approx(1.0 * ms).epsilon(0.001));
  CHECK(total.itl.count() == 4 * 1000);
  CHECK(total.units_out == 5 * 1000);
}

TEST_CASE_FIXTURE(Fixture, "a closed loop keeps its concurrency") {
  config.load.arrival = load::Arrival::closed;
  config.load.concurrency = 4;
  const auto r = go();
  CHECK(count(r, metrics::Outcome::ok) == 1100);
  // Little's law: 4 in flight for 5 ms each
  CHECK(static_cast<double>(r.cells->sum().outcomes[0]) / r.window_s == doctest::Approx(800).epsilon(0.02));
}

TEST_CASE_FIXTURE(Fixture, "a closed loop bounded by time stops offering when it is up") {
  config.load.arrival = load::Arrival::closed;
  config.load.concurrency = 4;
  config.load.total_requests = 0;
  config.load.duration_s = 3;
  const auto r = go();
  CHECK(r.window_s == doctest::Approx(3.0));
  CHECK(static_cast<double>(r.cells->sum().ok_in_window) == doctest::Approx(2400).epsilon(0.01));
}

TEST_CASE_FIXTURE(Fixture, "a run bounded by time offers what is due within it") {
  config.load.total_requests = 0;
  config.load.duration_s = 3;
  const auto r = go();
  CHECK(r.cells->sum().offered == 300);
  CHECK(r.window_s == doctest::Approx(3.0));
}

TEST_CASE_FIXTURE(Fixture, "a stop keeps what was measured until then") {
  stop = 1;
  const auto r = go();
  CHECK(r.status == records::RunStatus::interrupted);
  CHECK(r.exit == base::Exit::interrupted);
  CHECK(recorder.finished == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "a load that was ended because its time was over is invalid, with what was measured until then") {
  CallWatch page;
  watch = &page;
  config.longest_s = 90;
  const auto in_time = go();
  CHECK(in_time.status == records::RunStatus::ok);
  CHECK(page.load_since_ns == 0);  // not under way any more
  bool under_way = false;
  what.judge = [&](const sage_outcome&) {
    under_way = under_way || page.load_since_ns != 0;
    page.out_of_time = 1;
    stop = 1;
    return SAGE_VERDICT_PASS;
  };
  const auto r = go();
  CHECK(r.status == records::RunStatus::invalid);
  CHECK(r.exit == base::Exit::invalid);
  REQUIRE(r.reasons.size() == 1);
  CHECK(r.reasons[0].starts_with("the load did not end within 90 s (--max-duration)"));
  CHECK(under_way);
  CHECK(r.ledger.offered < 1100);
  CHECK(r.ledger.balanced());
}

TEST_CASE_FIXTURE(Fixture, "the request log has every request, a sample when asked") {
  config.log_requests = true;
  go();
  CHECK(recorder.rows.size() == 1100);  // warm-up included
  recorder.rows.clear();
  config.log_sample = 0.1;
  go();
  CHECK(recorder.rows.size() > 60);
  CHECK(recorder.rows.size() < 140);
}

TEST_CASE_FIXTURE(Fixture, "a fault's recovery, deficit and downtime are measured, and availability along the run") {
  config.load.warmup_items = 0;
  config.load.timeout_s = 0.2;
  config.hold_window_s = 1;
  what.service_ns = 2 * ms;  // within both objectives
  what.events = {{SAGE_EVENT_FAULT, 3'995 * ms, "kill-worker", {}}, {SAGE_EVENT_HEAL, 4'995 * ms, "kill-worker", {}}};
  what.lose = [](uint64_t seq) { return seq >= 400 && seq < 500; };  // due from 4.00 to 4.99 s
  const auto r = go();
  REQUIRE(r.events.size() == 2);
  const auto& fault = r.events[0].metrics;
  CHECK(fault[0].name == "recovery_time");
  CHECK(*fault[0].value == doctest::Approx(1.0));  // a window may miss 5 of 100: not yet that from 0.9 s on
  CHECK(*fault[1].value == doctest::Approx(100));
  CHECK(*fault[2].value == 100);
  CHECK(*fault[3].value == doctest::Approx(5.002 - 4.0).epsilon(0.001));
  CHECK(r.events[1].metrics.empty());
  CHECK(r.over_time[0].name == "availability");
  CHECK(*r.over_time[0].value == doctest::Approx(0.9).epsilon(0.02));  // 1 s of 10
}

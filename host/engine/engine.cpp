#include "engine/engine.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#include "engine/collector.hpp"
#include "engine/feed.hpp"
#include "engine/judgement.hpp"
#include "engine/participation.hpp"
#include "engine/session.hpp"
#include "records/run_id.hpp"

namespace host::engine {

namespace {

constexpr int64_t lead_ns = 10'000'000;  // between opening and the first due time
constexpr int64_t parity_budget_ns = 10'000'000'000;
constexpr int64_t close_grace_ns = 20'000'000;  // a completion that comes after close shows itself within

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

// What the plugins' metadata `runtime` says of versions: {"ray": "2.60.0", "python": "3.11.7"}.
nlohmann::json runtime_versions(const nlohmann::json& metadata) {
  auto versions = nlohmann::json::object();
  const auto runtime = metadata.find("runtime");
  if (runtime == metadata.end() || !runtime->is_object()) return versions;
  for (const auto& [name, version] : runtime->items())
    if (version.is_string()) versions[name] = version;
  return versions;
}

// What the plugins said, beside the host's notes and never over them.
constexpr std::array<std::string_view, 5> host_notes = {"arrivals", "drain", "hold_window_s", "left_out", "timer"};

void add_plugins_notes(const HostServices& services, nlohmann::json& notes) {
  if (auto refused = services.refused(); !refused.is_null()) notes["left_out"] = std::move(refused);
  const auto metadata = services.metadata();
  for (const auto& [key, value] : metadata.items())
    notes[std::ranges::find(host_notes, key) == host_notes.end() ? key : "plugin." + key] = value;
}

// The first error of the run's threads; later ones follow from it.
class FirstError {
 public:
  void keep(std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  [[nodiscard]] bool any() const {
    const std::scoped_lock lock(mutex_);
    return error_ != nullptr;
  }
  void rethrow_into(records::RunResult& result) const {
    if (!error_) return;
    result.status = records::RunStatus::failed;
    result.exit = base::Exit::failed;
    try {
      std::rethrow_exception(error_);
    } catch (const std::bad_alloc&) {
      result.reasons.emplace_back(no_memory);
    } catch (const std::exception& e) {
      result.reasons.emplace_back(e.what());
    }
  }

 private:
  mutable std::mutex mutex_;
  std::exception_ptr error_;
};

template <class Body>
void guarded(FirstError& error, Body&& body) {
  try {
    body();
  } catch (...) {
    error.keep(std::current_exception());
  }
}

// What is kept in case the worst happens does not fail a run in which it does not.
template <class Body>
void ignored(Body&& body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

bool out_of_time(const CallWatch* watch) { return watch != nullptr && watch->out_of_time.load() != 0; }

struct Run {
  Session& session;
  Feed& feed;
  Collector& collector;
  const std::atomic<int>& stop;
  CallWatch* watch;
  FirstError error;
  bool drained = false;
  std::optional<records::EarlyDrain> early_drain;
  std::function<void()> keep = {};  // what it came to so far, see Writer::keep

  [[nodiscard]] int64_t drain_timeout_ns() const {
    return stop.load() > 1 ? 0 : static_cast<int64_t>(session.config.load.drain_timeout_s * 1e9);
  }

  // Feed and collector each on a thread; this one waits and drains.
  void in_real_time() {
    const auto collect = [&] {
      guarded(error, [&] { collector.run(); });
      if (error.any()) feed.abandon();  // the run cannot be recorded any more
    };
    auto collecting = start(collect);
    auto feeding = start([&] {
      guarded(error, [&] { feed.run(); });
      if (!feed.ended()) guarded(error, [&] { feed.stop_offering(); });
    });
    join(feeding);
    load_ended();
    collector.finish_soon();
    join(collecting);
    guarded(error, [&] { collector.offering_ended(); });
    keep();  // before the drain, which a plugin may not return from
    collecting = start(collect);
    guarded(error, [&] { drain_in_slices(); });
    collector.finish_soon();
    join(collecting);
    guarded(error, [&] {
      // what the drain left for the settle thread
      collector.step(session.clock.now_ns());
    });
  }

  // One that cannot be started fails the run; the others end early then.
  template <class Body>
  std::thread start(Body&& body) {
    std::thread thread;
    guarded(error, [&] {
      try {
        thread = std::thread(body);
      } catch (const std::system_error& e) {
        feed.abandon();
        throw base::Error(base::Exit::failed,
                          fmt::format("a thread of the host cannot be started: {}; end other programs, or raise the "
                                      "limit (ulimit -u, pids.max)",
                                      e.code().message()));
      }
    });
    return thread;
  }
  static void join(std::thread& thread) {
    if (thread.joinable()) thread.join();
  }

  void load_began() const {
    if (watch != nullptr) watch->load_since_ns.store(monotonic_ns());
  }
  void load_ended() const {
    if (watch != nullptr) watch->load_since_ns.store(0);
  }

  // Short slices, so that a second interrupt ends the wait.
  void drain_in_slices() {
    const auto begin = session.clock.now_ns();
    do {
      const auto left = drain_timeout_ns() - (session.clock.now_ns() - begin);
      if (left <= 0) break;
      drained = session.backend.drain(std::min<int64_t>(left, 250'000'000));
      if (const auto outstanding = session.ledger->in_flight(); drained && outstanding != 0 && !early_drain)
        early_drain = {session.clock.now_ns(), outstanding, 0};
    } while (!drained || (session.ledger->in_flight() != 0 && session.clock.now_ns() - begin < drain_timeout_ns() &&
                          wait_a_little()));
    if (!early_drain) return;
    early_drain->waited_ns = session.clock.now_ns() - early_drain->at_ns;
    early_drain->at_ns -= session.ledger->start_ns;
  }
  // A backend that calls itself drained while requests are outstanding may still be delivering the last batch.
  static bool wait_a_little() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return true;
  }

  // One thread plays feed, backend and collector, jumping from one due time to the next.
  void in_virtual_time() {
    guarded(error, [&] {
      auto& clock = session.clock;
      auto backend_next = INT64_MAX;
      while (!feed.ended()) {
        if (stop.load(std::memory_order_relaxed) > 0) {
          feed.stop_offering();
          break;
        }
        const auto feed_next = feed.next_ns();
        if (feed.ended()) break;
        // a closed loop waits for the backend's next event, which the last submit may have changed
        if (feed_next == INT64_MAX) backend_next = session.backend.advance(clock.now_ns());
        auto next = feed_next == INT64_MAX ? std::max(backend_next, clock.now_ns() + 1) : feed_next;
        next = std::min(next, collector.next_ns());
        advance_to(next, backend_next);
        feed.step(clock.now_ns());
        collector.step(clock.now_ns());
      }
      load_ended();
      keep();
      const auto deadline = clock.now_ns() + drain_timeout_ns();
      while (session.ledger->in_flight() != 0 && clock.now_ns() < deadline && stop.load() < 2) {
        backend_next = session.backend.advance(clock.now_ns());
        advance_to(std::min({deadline, collector.next_ns(), std::max(backend_next, clock.now_ns() + 1)}), backend_next);
        collector.step(clock.now_ns());
      }
      drained = session.ledger->in_flight() == 0 && session.backend.drain(0);
    });
  }

 private:
  void advance_to(int64_t at_ns, int64_t& backend_next) {
    session.clock.jump_to(at_ns);
    backend_next = session.backend.advance(session.clock.now_ns());
  }
};

// A run that does not come to begin leaves no instance behind.
struct BeforeTheRun {
  Session& session;
  bool begun = false;
  ~BeforeTheRun() {
    if (begun) return;
    session.backend.destroy();
    session.workload.destroy();
  }
};

// How long before a due time the feed stops sleeping and spins. Where the runtime is in processes of its own it does
// not spin at all: at some thousand requests a second that is most of a core, which the runtime may need, and a timer
// that is late by some 50 us is nothing to what it takes to reach another process.
int64_t spin_guard(const EngineConfig& config, bool has_drivers, records::RunResult& result) {
  result.notes["timer"] = nlohmann::json::object();
  if (config.virtual_time) return 0;
  auto timer = profile_timer(config.spin_guard_ns);
  if (has_drivers) timer.guard_ns = 0;
  result.notes["timer"] = {{"sleep_overshoot_p50_us", static_cast<double>(timer.overshoot_p50_ns) / 1e3},
                           {"sleep_overshoot_max_us", static_cast<double>(timer.overshoot_max_ns) / 1e3},
                           {"clock_read_ns", timer.clock_read_ns},
                           {"spin_guard_us", static_cast<double>(timer.guard_ns) / 1e3}};
  return timer.guard_ns;
}

// What the workload says of itself.
void complete(records::RunInfo& info, const Session& session, const EngineInput& input) {
  for (const auto* c : session.workload.classes) info.classes.emplace_back(sage::view(c->name));
  for (const auto* t : session.workload.tenants) info.tenants.emplace_back(sage::view(t->name));
  info.phases = session.phases.names();
  info.nodes = session.config.nodes;
  info.started_at = records::utc_seconds(std::chrono::system_clock::now());
  const auto asked = session.workload.nodes.size();
  if (asked == 0) return;
  const auto& able = input.backend->manifest.capabilities;
  if (std::ranges::find(able, "node-classes") == able.end())
    throw base::usage_error(
        fmt::format("workload {} asks for {} nodes of its own kinds, and backend {} lacks node-classes",
                    input.workload->manifest.id, asked, input.backend->manifest.id));
  info.nodes = static_cast<uint32_t>(asked);
}

// Returns how many seconds it took.
double open_backend(Session& session, const EngineInput& input, uint32_t nodes) {
  const auto& config = session.config;
  const auto& w = session.workload;
  session.workload_library = input.workload->manifest.library.string();
  session.run = {.struct_size = sizeof(sage_run),
                 .nodes = nodes,
                 .parallelism = config.parallelism,
                 .reserved = 0,
                 .seed = config.load.seed,
                 .max_in_flight = session.ledger->slots.capacity(),
                 .scheduler = sage::str(config.scheduler),
                 .scratch_dir = sage::str(config.scratch_dir),
                 .stages = w.stages.data(),
                 .n_stages = w.stages.size(),
                 .pipelines = w.pipelines.data(),
                 .n_pipelines = w.pipelines.size(),
                 .classes = w.classes.data(),
                 .n_classes = w.classes.size(),
                 .tenants = w.tenants.data(),
                 .n_tenants = w.tenants.size(),
                 .operators = &w.operators,
                 .workload_library = sage::str(session.workload_library),
                 .workload_id = sage::str(input.workload->manifest.id),
                 .workload_config = sage::str(w.config_text),
                 .node_descriptions = w.nodes.empty() ? nullptr : w.nodes.data()};
  const auto begin = monotonic_ns();
  try {
    session.backend.open(session.run, static_cast<int64_t>(config.open_timeout_s * 1e9));
  } catch (const base::Error& e) {
    // What an operator said, which is the workload's, before the backend gave up.
    for (const auto& failure : session.services.failures())
      if (std::string_view(e.what()).find(failure.text) == std::string_view::npos)
        throw base::Error(e.code(), fmt::format("{}; an operator of workload '{}' had said: {}", e.what(),
                                                input.workload->manifest.id, failure.text));
    throw;
  }
  return seconds(monotonic_ns() - begin);
}

void take_stats(Session& session, records::RunResult& result) {
  sage_stats stats{};
  if (!session.backend.stats(stats)) return;
  for (uint64_t i = 0; i < stats.n_nodes; ++i) {
    const auto& told = *stats.nodes[i];
    auto& node = result.nodes.emplace_back();
    node.node = told.node;
    node.busy_s = told.busy_ns / 1e9;
    node.capacity = told.capacity;
    if (const auto clock = clock_of(told); clock.error_ns != 0 || clock.offset_ns != 0) {
      node.clock_offset_s = static_cast<double>(clock.offset_ns) / 1e9;
      node.clock_error_s = static_cast<double>(clock.error_ns) / 1e9;
    }
  }
}

// The measured window and the drain, if the latter ended now.
void measure_windows(const Run& run, int64_t now_ns, records::RunResult& result) {
  auto& session = run.session;
  const auto start = session.ledger->start_ns;
  const auto offered_end = std::min(session.ledger->window_end_ns.load(), now_ns);
  session.phases.end_window(offered_end - start);
  const auto begin = run.feed.window_begin_ns();
  result.window_s = begin < 0 ? 0 : std::max(0.0, seconds(offered_end - start - begin));
  result.drain_s = std::max(0.0, seconds(now_ns - offered_end));
}

// From the end of the drain to the last word of both plugins: what is outstanding ends, the backend goes, the workload
// judges.
void close(Run& run, bool check_parity, records::RunResult& result) {
  auto& session = run.session;
  auto& ledger = *session.ledger;
  const auto now = session.clock.now_ns();
  guarded(run.error, [&] { run.collector.expire_all(now); });
  guarded(run.error, [&] { take_stats(session, result); });
  run.keep();
  guarded(run.error, [&] { session.backend.close(); });
  ledger.close();
  if (!session.clock.is_virtual()) std::this_thread::sleep_for(std::chrono::nanoseconds(close_grace_ns));
  measure_windows(run, now, result);
  guarded(run.error, [&] { run.collector.conclude(result, now); });
  // destroyed before the books are closed: its last threads may still complete something, which must show
  guarded(run.error, [&] { session.backend.destroy(); });
  if (check_parity)
    guarded(run.error, [&] {
      result.parity = ledger.parity.check(session.workload, parity_budget_ns,
                                          session.services.metadata().value("no_digests", std::string()));
    });
}

// `so_far`: it is not over, and told as if it ended now.
void fill(Run& run, records::RunResult& result, bool so_far = false) {
  const auto& session = run.session;
  if (so_far)
    run.collector.fill_so_far(result);
  else
    run.collector.fill(result);
  result.timeline = session.ledger->timeline.finished(session.ledger->start_ns);
  result.early_drain = run.early_drain;
  result.notes["hold_window_s"] = session.config.hold_window_s;
  result.notes["arrivals"] = run.feed.arrival_notes();
  add_plugins_notes(session.services, result.notes);
  result.slot_wait_ns = run.feed.slot_wait_ns();
  const auto p50 = result.cells ? result.cells->sum().response.quantile(0.5) : 0;
  const auto asked_ns = session.config.lateness_budget_ns;
  result.lateness_budget_ns = asked_ns != 0 ? asked_ns : std::max<int64_t>(1'000'000, p50 / 10);
}

}  // namespace

records::RunResult run(const EngineConfig& config, const EngineInput& input, records::RunInfo& info,
                       std::span<records::Writer* const> writers, CallWatch* watch, const std::atomic<int>& stop) {
  // Never destroyed: a plugin's thread may call the host's services until the process ends.
  static std::vector<std::unique_ptr<Session>> sessions;
  auto& session = *sessions.emplace_back(std::make_unique<Session>(config));
  records::RunResult result;
  BeforeTheRun unwinding{session};
  session.create(input, watch);
  complete(info, session, input);
  result.open_s = open_backend(session, input, info.nodes);
  info.environment["versions"] = runtime_versions(session.services.metadata());
  sage_stats opened{};
  if (!session.backend.stats(opened)) opened = {};
  session.ledger->clock_error_ns.store(clock_error_ns(opened), std::memory_order_relaxed);
  const auto guard_ns = spin_guard(config, opened.n_drivers != 0, result);
  session.ledger->start_ns = session.clock.now_ns() + (config.virtual_time ? 0 : lead_ns);
  Feed feed(session, guard_ns, stop);
  feed.prepare();
  Collector collector(session, feed, writers, watch);
  for (auto* writer : writers) writer->begin(info);
  unwinding.begun = true;

  Run run{session, feed, collector, stop, watch, {}, false, {}, {}};
  run.keep = [&] {
    ignored([&] {
      records::RunResult so_far;
      so_far.open_s = result.open_s;
      so_far.notes = result.notes;
      const auto now = session.clock.now_ns();
      measure_windows(run, now, so_far);
      fill(run, so_far, true);
      for (auto* writer : writers) writer->keep(info, so_far);
    });
  };
  run.load_began();
  if (config.virtual_time)
    run.in_virtual_time();
  else
    run.in_real_time();
  const auto stops = stop.load();
  close(run, stops == 0, result);
  fill(run, result);
  run.error.rethrow_into(result);
  judge_run(config, input,
            {.stops = stops,
             .out_of_time = out_of_time(watch),
             .drained = run.drained,
             .open_loop = feed.open_loop(),
             .events_after_end = feed.events_after_end(),
             .idle_nodes = idle_nodes(session.workload, info.nodes, config.parallelism, result)},
            result);
  for (auto* writer : writers) ignored([&] { writer->keep(info, result); });
  guarded(run.error, [&] { session.workload.destroy(); });
  for (auto* writer : writers) writer->finish(info, result);
  return result;
}

}  // namespace host::engine

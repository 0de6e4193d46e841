// The C++20 authoring layer over sage/abi.h: derive from sage::Workload or sage::Backend, end the file with
// SAGE_PLUGIN(YourClass), and build with sage_add_plugin(). Every exception is caught at the boundary and becomes a
// status with its text. See abi.h for threads, ownership and the meaning of every row.
#pragma once

#include <sage/abi.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sage {

using Json = nlohmann::json;

inline std::string_view view(sage_str s) { return {s.ptr == nullptr ? "" : s.ptr, static_cast<size_t>(s.size)}; }
inline sage_str str(std::string_view s) { return {s.data(), s.size()}; }
inline std::span<const std::byte> view(sage_bytes b) {
  return {static_cast<const std::byte*>(b.ptr), static_cast<size_t>(b.size)};
}

// Throw to return a status other than SAGE_FAILED (any other exception becomes that).
class Failure : public std::runtime_error {
 public:
  Failure(sage_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
  [[nodiscard]] sage_status status() const noexcept { return status_; }

 private:
  sage_status status_;
};

// The host's services; copyable, valid until the plugin's destructor returned, callable from any thread.
class Host {
 public:
  explicit Host(const sage_host* table) : table_(table) {}
  [[nodiscard]] int64_t now_ns() const { return table_->now_ns(table_->ctx); }
  void log(int32_t level, std::string_view text) const { table_->log(table_->ctx, level, str(text)); }
  void fail(std::string_view text) const { table_->fail(table_->ctx, str(text)); }
  [[nodiscard]] uint32_t series(std::string_view name, std::string_view unit) const {
    return table_->series(table_->ctx, str(name), str(unit));
  }
  void emit(std::span<const sage_record> rows) const { table_->emit(table_->ctx, rows.data(), rows.size()); }
  void complete(std::span<const sage_completion> rows) const {
    table_->complete(table_->ctx, rows.data(), rows.size());
  }
  void spans(std::span<const sage_span> rows) const { table_->spans(table_->ctx, rows.data(), rows.size()); }
  void event_done(uint64_t event, sage_status status = SAGE_OK, std::string_view text = {}) const {
    table_->event_done(table_->ctx, event, status, str(text));
  }
  // After a submit that did not take all: there is room again.
  void ready() const {
    if (SAGE_HAS(table_, sage_host, ready)) table_->ready(table_->ctx);
  }
  // During `open`: it goes on, and has its time limit again. The terminal shows the text.
  void alive(std::string_view text) const {
    if (SAGE_HAS(table_, sage_host, alive)) table_->alive(table_->ctx, str(text));
  }
  // What went wrong with requests, in words; equal texts are counted. False if the host has no place for them.
  bool tell_errors(std::span<const sage_error> rows) const {
    const auto* errors = static_cast<const sage_errors*>(extension(SAGE_ERROR_EXTENSION));
    if (errors != nullptr) errors->tell(table_->ctx, rows.data(), rows.size());
    return errors != nullptr;
  }
  // Null if the host has none of that id; a host that a test made need not have any.
  [[nodiscard]] const void* extension(const char* id) const {
    return SAGE_HAS(table_, sage_host, get_extension) ? table_->get_extension(table_->ctx, id) : nullptr;
  }
  // For the run's record; a host that does not keep it loses nothing else.
  void set_metadata(std::string_view key, const Json& value) const {
    const auto* metadata = static_cast<const sage_metadata*>(extension(SAGE_METADATA_EXTENSION));
    if (metadata == nullptr) return;
    const auto text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    metadata->set(table_->ctx, str(key), str(text));
  }

 private:
  const sage_host* table_;
};

// Counter-based random numbers (SplitMix64, Steele et al., OOPSLA 2014): the draw for request n is a pure function of
// seed, purpose and n. So a schedule can be drawn lazily, judged without remembering it, and changing the draws of one
// purpose leaves the others alone.
class Draw {
 public:
  Draw(uint64_t seed, std::string_view purpose) : key_(mix(seed ^ fnv1a(purpose))) {}
  [[nodiscard]] uint64_t bits(uint64_t n) const { return mix(key_ + (n + 1) * 0x9e3779b97f4a7c15ULL); }
  // In [0, 1), 53 bits.
  [[nodiscard]] double unit(uint64_t n) const { return static_cast<double>(bits(n) >> 11) * 0x1.0p-53; }
  // In [low, high], both included.
  [[nodiscard]] uint64_t integer(uint64_t n, uint64_t low, uint64_t high) const {
    const auto wide = static_cast<unsigned __int128>(bits(n)) * (static_cast<unsigned __int128>(high - low) + 1);
    return low + static_cast<uint64_t>(wide >> 64);
  }
  // Exponentially distributed with mean 1.
  [[nodiscard]] double exponential(uint64_t n) const { return -std::log1p(-unit(n)); }

  static constexpr uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  static constexpr uint64_t fnv1a(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
    return hash;
  }

 private:
  uint64_t key_;
};

// ------------------------------------------------------------------------------------------------ for backends

// The steps of a pipeline in their order: visit(step number, const sage_stage&, span of the numbers of its inputs).
template <class Visit>
void for_each_step(const sage_run& run, const sage_pipeline& pipeline, Visit&& visit) {
  for (uint32_t s = 0; s < pipeline.n_steps; ++s) {
    const auto& step = *pipeline.steps[s];
    visit(s, *run.stages[step.stage], std::span(step.inputs, step.n_inputs));
  }
}

// An event's arguments; an empty object where there are none.
inline Json arguments(const sage_event& event) {
  return event.args.size == 0 ? Json::object() : Json::parse(view(event.args));
}

inline sage_node_stats node_stats(uint32_t node, double busy_ns, double capacity) {
  sage_node_stats out{};
  out.struct_size = sizeof out;
  out.node = node;
  out.busy_ns = busy_ns;
  out.capacity = capacity;
  return out;
}

// When the first token of an operator's result was there or, after the hold, will be: 0 = it has none. The call began
// and returned at these times.
inline int64_t first_token_ns(const sage_op_output& out, int64_t began_ns, int64_t returned_ns) {
  if (out.first_ns != 0) return std::clamp(out.first_ns, began_ns, returned_ns);
  if (out.first_after_ns <= 0) return 0;
  return returned_ns + std::min(out.first_after_ns, std::max<int64_t>(0, out.hold_ns));
}

// ---------------------------------------------------------------------------------------------------- operators

class OpInput {
 public:
  explicit OpInput(const sage_op_input& in) : in_(in) {}
  [[nodiscard]] const sage_request& request() const { return *in_.request; }
  [[nodiscard]] uint32_t step() const { return in_.step; }
  [[nodiscard]] size_t size() const { return static_cast<size_t>(in_.n_inputs); }
  [[nodiscard]] std::span<const std::byte> bytes(size_t i = 0) const { return view(in_.inputs[i]); }
  [[nodiscard]] std::string_view text(size_t i = 0) const {
    return {static_cast<const char*>(in_.inputs[i].ptr), static_cast<size_t>(in_.inputs[i].size)};
  }

 private:
  const sage_op_input& in_;
};

// One replica of a stage. Called by one thread at a time; what `out.result` points to must live until the next call.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual void run(const OpInput& in, sage_op_output& out) = 0;
};

// ---------------------------------------------------------------------------------------------------- description

struct StageSpec {
  std::string name;
  std::string operator_name;
  Json config = Json::object();
  uint32_t key_by = SAGE_KEY_NONE;
  uint32_t parallelism = 0;
  double cost_base_ns = 0;
  double cost_per_unit_in_ns = 0;
  double cost_per_unit_out_ns = 0;
  std::vector<std::string> needs{};  // abilities of the nodes that may run it
};
struct NodeSpec {
  std::string name;
  double speed = 1;
  std::vector<std::string> abilities;
};
struct StepSpec {
  uint32_t stage = 0;
  std::vector<uint32_t> inputs;
};
struct PipelineSpec {
  std::string name;
  std::vector<StepSpec> steps;
  uint32_t flags = 0;  // SAGE_PIPELINE_*
};
struct ClassSpec {
  std::string name;
  int64_t slo_response_ns = 0;
  int64_t slo_ttft_ns = 0;
  int64_t slo_tpot_ns = 0;
};

// What a workload consists of; fill it in the constructor.
struct Description {
  std::vector<StageSpec> stages;
  std::vector<PipelineSpec> pipelines;
  std::vector<ClassSpec> classes;
  std::vector<std::string> tenants = {"default"};
  std::vector<NodeSpec> nodes{};  // to run on; none = as many as the run says, all alike
};

struct Event {
  uint32_t kind = SAGE_EVENT_MARK;
  int64_t due_ns = 0;
  std::string target;
  Json args = Json::object();
};

struct Conclusion {
  uint32_t verdict = SAGE_VERDICT_UNCHECKED;
  Json report = Json::object();
};

// ------------------------------------------------------------------------------------------- what an author derives

class Workload {
 public:
  virtual ~Workload() = default;
  virtual const Description& describe() = 0;
  virtual std::unique_ptr<Operator> open_operator(std::string_view name, const Json& config, uint32_t replica,
                                                  uint32_t replicas) = 0;
  // Completes the rows and returns how many; fewer than rows.size() ends the schedule.
  virtual size_t plan(std::span<sage_request> rows) = 0;
  // The control events due up to until_ns, each returned once, in order.
  virtual std::vector<Event> events(int64_t /*until_ns*/) { return {}; }
  // Verdicts arrive as SAGE_VERDICT_UNCHECKED.
  virtual void settle(std::span<const sage_outcome> /*rows*/, std::span<uint32_t> /*verdicts*/) {}
  virtual Conclusion conclude() { return {}; }
  // The payloads of these are not read again.
  virtual void release(std::span<const uint64_t> /*seqs*/) {}
  virtual const void* extension(std::string_view /*id*/) { return nullptr; }
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual void open(const sage_run& run) = 0;
  // How many of the first rows were taken; fewer than all means full for now.
  virtual size_t submit(std::span<const sage_request> rows) = 0;
  virtual void control(const sage_event& event) {
    throw Failure(SAGE_UNSUPPORTED, "this backend has no control event '" + std::string(view(event.target)) + "'");
  }
  // True when everything taken has completed.
  virtual bool drain(int64_t timeout_ns) = 0;
  virtual void close() = 0;
  // Virtual time only: the time of the next internal event after everything up to until_ns is done.
  virtual int64_t advance(int64_t /*until_ns*/) { throw Failure(SAGE_UNSUPPORTED, "this backend runs in real time"); }
  // Nobody waits for these any more; each still gets its one completion.
  virtual void cancel(std::span<const uint64_t> /*ids*/) {}
  virtual sage_stats stats() { return {sizeof(sage_stats), 0, 0, nullptr, 0, nullptr, 0}; }
  virtual const void* extension(std::string_view /*id*/) { return nullptr; }
};

// ------------------------------------------------------------------------------- the boundary, nothing to derive from

namespace detail {

// The C view of a Description; owns the pointer arrays that the ABI hands out.
class DescriptionTables {
 public:
  explicit DescriptionTables(const Description& d) {
    for (const auto& s : d.stages) {
      const auto& config = texts_.emplace_back(s.config.dump());
      const auto& needs = texts_of(s.needs);
      stages_.push_back({sizeof(sage_stage), s.parallelism, str(s.name), str(s.operator_name), str(config), s.key_by, 0,
                         s.cost_base_ns, s.cost_per_unit_in_ns, s.cost_per_unit_out_ns, needs.size(), needs.data()});
    }
    for (const auto& p : d.pipelines) {
      auto& pointers = step_pointers_.emplace_back();
      for (const auto& s : p.steps) {
        steps_.push_back({sizeof(sage_step), s.stage, s.inputs.data(), static_cast<uint32_t>(s.inputs.size()), 0});
        pointers.push_back(&steps_.back());
      }
      pipelines_.push_back(
          {sizeof(sage_pipeline), static_cast<uint32_t>(pointers.size()), str(p.name), pointers.data(), p.flags, 0});
    }
    for (const auto& c : d.classes)
      classes_.push_back({sizeof(sage_class), 0, str(c.name), c.slo_response_ns, c.slo_ttft_ns, c.slo_tpot_ns});
    for (const auto& t : d.tenants) tenants_.push_back({sizeof(sage_tenant), 0, str(t)});
    for (const auto& n : d.nodes) {
      const auto& abilities = texts_of(n.abilities);
      nodes_.push_back({sizeof(sage_node), 0, str(n.name), n.speed, abilities.size(), abilities.data()});
    }
    point(stages_, stage_pointers);
    point(pipelines_, pipeline_pointers);
    point(classes_, class_pointers);
    point(tenants_, tenant_pointers);
    point(nodes_, node_pointers);
  }
  DescriptionTables(const DescriptionTables&) = delete;
  DescriptionTables& operator=(const DescriptionTables&) = delete;

  std::vector<const sage_stage*> stage_pointers;
  std::vector<const sage_pipeline*> pipeline_pointers;
  std::vector<const sage_class*> class_pointers;
  std::vector<const sage_tenant*> tenant_pointers;
  std::vector<const sage_node*> node_pointers;

 private:
  template <class T>
  static void point(const std::deque<T>& from, std::vector<const T*>& to) {
    for (const auto& item : from) to.push_back(&item);
  }
  const std::vector<sage_str>& texts_of(const std::vector<std::string>& from) {
    auto& out = text_lists_.emplace_back();
    for (const auto& text : from) out.push_back(str(text));
    return out;
  }
  // deques: their elements do not move
  std::deque<std::vector<sage_str>> text_lists_;
  std::deque<std::string> texts_;
  std::deque<sage_stage> stages_;
  std::deque<sage_step> steps_;
  std::deque<std::vector<const sage_step*>> step_pointers_;
  std::deque<sage_pipeline> pipelines_;
  std::deque<sage_class> classes_;
  std::deque<sage_tenant> tenants_;
  std::deque<sage_node> nodes_;
};

// Runs `call`, turning an exception into a status with its text.
template <class Call>
sage_status guard(const sage_host* host, Call&& call) noexcept {
  try {
    call();
    return SAGE_OK;
  } catch (const Failure& e) {
    Host(host).fail(e.what());
    return e.status();
  } catch (const std::exception& e) {
    Host(host).fail(e.what());
    return SAGE_FAILED;
  } catch (...) {
    Host(host).fail("an exception that is not a std::exception");
    return SAGE_FAILED;
  }
}

template <class Base>
struct Instance {
  const sage_host* host = nullptr;
  std::unique_ptr<Base> object;
  // workloads only
  std::unique_ptr<DescriptionTables> tables;
  std::vector<Event> events;
  std::vector<std::string> event_args;
  std::string report;
};
using WorkloadInstance = Instance<Workload>;
using BackendInstance = Instance<Backend>;

struct OperatorInstance {
  const sage_host* host = nullptr;
  std::unique_ptr<Operator> object;
};

inline WorkloadInstance& workload(void* self) { return *static_cast<WorkloadInstance*>(self); }
inline BackendInstance& backend(void* self) { return *static_cast<BackendInstance*>(self); }

template <auto Pointers, class T>
sage_status list(void* self, const T* const** out, uint64_t* n) noexcept {
  auto& w = workload(self);
  return guard(w.host, [&] {
    if (!w.tables) w.tables = std::make_unique<DescriptionTables>(w.object->describe());
    const auto& pointers = (*w.tables).*Pointers;
    *out = pointers.data();
    *n = pointers.size();
  });
}

inline sage_status operator_open(void* self, sage_str name, sage_str config, uint32_t replica, uint32_t replicas,
                                 void** op) noexcept {
  auto& w = workload(self);
  return guard(w.host, [&] {
    const auto json = config.size == 0 ? Json::object() : Json::parse(view(config));
    auto object = w.object->open_operator(view(name), json, replica, replicas);
    if (!object) throw Failure(SAGE_INVALID, "no operator '" + std::string(view(name)) + "'");
    *op = new OperatorInstance{w.host, std::move(object)};
  });
}
inline sage_status operator_run(void* op, const sage_op_input* in, sage_op_output* out) noexcept {
  auto& o = *static_cast<OperatorInstance*>(op);
  return guard(o.host, [&] { o.object->run(OpInput(*in), *out); });
}
inline void operator_close(void* op) noexcept { delete static_cast<OperatorInstance*>(op); }

inline sage_workload every_function_of_a_workload() {
  return {
      sizeof(sage_workload),
      0,
      list<&DescriptionTables::stage_pointers, sage_stage>,
      list<&DescriptionTables::pipeline_pointers, sage_pipeline>,
      list<&DescriptionTables::class_pointers, sage_class>,
      list<&DescriptionTables::tenant_pointers, sage_tenant>,
      [](void* self, sage_operators* out) noexcept -> sage_status {
        const sage_operators own = {sizeof(sage_operators), 0, self, operator_open, operator_run, operator_close};
        sage_fill(out, &own);
        return SAGE_OK;
      },
      [](void* self, sage_request* rows, uint64_t n, uint64_t* filled) noexcept -> sage_status {
        auto& w = workload(self);
        return guard(w.host, [&] { *filled = w.object->plan({rows, static_cast<size_t>(n)}); });
      },
      [](void* self, int64_t until_ns, sage_event* rows, uint64_t n, uint64_t* filled) noexcept -> sage_status {
        auto& w = workload(self);
        return guard(w.host, [&] {
          if (w.events.empty()) w.events = w.object->events(until_ns);
          const auto count = std::min<size_t>(static_cast<size_t>(n), w.events.size());
          w.event_args.clear();
          w.event_args.reserve(2 * count);
          for (size_t i = 0; i < count; ++i) {
            const auto& e = w.events[i];
            const auto& target = w.event_args.emplace_back(e.target);
            const auto& args = w.event_args.emplace_back(e.args.dump());
            rows[i] = {0, e.due_ns, str(target), str(args), e.kind, 0, 0};
          }
          w.events.erase(w.events.begin(), w.events.begin() + static_cast<std::ptrdiff_t>(count));
          *filled = count;
        });
      },
      [](void* self, const sage_outcome* rows, uint64_t n, uint32_t* verdicts) noexcept -> sage_status {
        auto& w = workload(self);
        const auto size = static_cast<size_t>(n);
        return guard(w.host, [&] { w.object->settle({rows, size}, {verdicts, size}); });
      },
      [](void* self, uint32_t* verdict, sage_str* report) noexcept -> sage_status {
        auto& w = workload(self);
        return guard(w.host, [&] {
          auto conclusion = w.object->conclude();
          w.report = conclusion.report.dump();
          *verdict = conclusion.verdict;
          *report = str(w.report);
        });
      },
      list<&DescriptionTables::node_pointers, sage_node>,
      [](void* self, const uint64_t* seqs, uint64_t n) noexcept -> sage_status {
        auto& w = workload(self);
        return guard(w.host, [&] { w.object->release({seqs, static_cast<size_t>(n)}); });
      },
      0,
  };
}

inline sage_backend every_function_of_a_backend() {
  return {
      sizeof(sage_backend),
      0,
      [](void* self, const sage_run* run) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { b.object->open(*run); });
      },
      [](void* self, const sage_request* rows, uint64_t n, uint64_t* taken) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { *taken = b.object->submit({rows, static_cast<size_t>(n)}); });
      },
      [](void* self, const sage_event* event) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { b.object->control(*event); });
      },
      [](void* self, int64_t timeout_ns) noexcept -> sage_status {
        auto& b = backend(self);
        bool drained = false;
        const auto status = guard(b.host, [&] { drained = b.object->drain(timeout_ns); });
        return status != SAGE_OK || drained ? status : SAGE_TIMEOUT;
      },
      [](void* self) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { b.object->close(); });
      },
      [](void* self, int64_t until_ns, int64_t* next_ns) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { *next_ns = b.object->advance(until_ns); });
      },
      [](void* self, sage_stats* out) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] {
          const auto own = b.object->stats();
          sage_fill(out, &own);
        });
      },
      [](void* self, const uint64_t* ids, uint64_t n) noexcept -> sage_status {
        auto& b = backend(self);
        return guard(b.host, [&] { b.object->cancel({ids, static_cast<size_t>(n)}); });
      },
  };
}

// Whether Plugin, or a class between it and Base, has a `member` of its own: an optional function that would do nothing
// is absent from the table, so that the host need not call it. Of no particular plugin: all are there.
#define SAGE_OVERRIDES(Plugin, Base, member)                                                                 \
  ([] {                                                                                                      \
    if constexpr (requires { requires std::is_same_v<decltype(&Plugin::member), decltype(&Base::member)>; }) \
      return false;                                                                                          \
    else                                                                                                     \
      return true;                                                                                           \
  }())

template <class Plugin>
constexpr uint64_t result_max() {
  if constexpr (requires { Plugin::result_max; }) return Plugin::result_max;
  return 0;
}

template <class Plugin = void>
const sage_workload& workload_table() {
  static const sage_workload table = [] {
    sage_workload all = every_function_of_a_workload();
    if (!SAGE_OVERRIDES(Plugin, Workload, events)) all.events = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Workload, settle)) all.settle = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Workload, conclude)) all.conclude = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Workload, release)) all.release = nullptr;
    all.result_max = result_max<Plugin>();
    return all;
  }();
  return table;
}

template <class Plugin = void>
const sage_backend& backend_table() {
  static const sage_backend table = [] {
    sage_backend all = every_function_of_a_backend();
    if (!SAGE_OVERRIDES(Plugin, Backend, control)) all.control = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Backend, advance)) all.advance = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Backend, stats)) all.stats = nullptr;
    if (!SAGE_OVERRIDES(Plugin, Backend, cancel)) all.cancel = nullptr;
    return all;
  }();
  return table;
}
#undef SAGE_OVERRIDES

// Plugin is constructed as Plugin(Host, id, options).
template <class Plugin>
sage_status entry(const sage_host* /*host*/, sage_plugin* out, std::string_view manifest) noexcept {
  constexpr bool is_workload = std::is_base_of_v<Workload, Plugin>;
  static_assert(is_workload != std::is_base_of_v<Backend, Plugin>, "a plugin is a Workload or a Backend");
  using Base = std::conditional_t<is_workload, Workload, Backend>;
  sage_plugin plugin{};
  plugin.struct_size = sizeof(sage_plugin);
  plugin.abi_minor = SAGE_ABI_MINOR;
  plugin.manifest = str(manifest);
  plugin.create = [](const sage_host* host, sage_str id, sage_str config, void** self) noexcept -> sage_status {
    return guard(host, [&] {
      const auto json = config.size == 0 ? Json::object() : Json::parse(view(config));
      auto instance = std::make_unique<Instance<Base>>();
      instance->host = host;
      instance->object = std::make_unique<Plugin>(Host(host), view(id), json);
      *self = instance.release();
    });
  };
  plugin.destroy = [](void* self) noexcept { delete static_cast<Instance<Base>*>(self); };
  if constexpr (is_workload) plugin.workload = &workload_table<Plugin>();
  if constexpr (!is_workload) plugin.backend = &backend_table<Plugin>();
  plugin.get_extension = [](void* self, const char* id) noexcept -> const void* {
    return static_cast<Instance<Base>*>(self)->object->extension(id);
  };
  sage_fill(out, &plugin);
  return SAGE_OK;
}

}  // namespace detail
}  // namespace sage

#define SAGE_PLUGIN(Class)                                                                    \
  extern "C" SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) { \
    return sage::detail::entry<Class>(host, out, {sage_manifest_text, sage_manifest_size});   \
  }

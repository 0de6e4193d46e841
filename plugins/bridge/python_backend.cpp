#include "bridge/python_backend.hpp"

#include <dlfcn.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace bridge {
namespace {

namespace fs = std::filesystem;

int64_t option_ns(const sage::Json& options, const char* name, double otherwise_s) {
  return std::llround(options.value(name, otherwise_s) * 1e9);
}

// The folder of this plugin's library; the bridge's own files are below it.
fs::path plugin_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&plugin_folder), &info) == 0 || info.dli_fname == nullptr)
    throw sage::Failure(SAGE_FAILED, "cannot find the plugin's own folder");
  return fs::absolute(info.dli_fname).parent_path();
}

fs::path data_home() {
  if (const char* data = secure_getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/') return data;
  const char* home = secure_getenv("HOME");
  passwd row{};
  passwd* found = nullptr;
  std::array<char, 16384> text{};
  if (home == nullptr || home[0] != '/')
    if (getpwuid_r(geteuid(), &row, text.data(), text.size(), &found) == 0 && found != nullptr) home = found->pw_dir;
  if (home == nullptr || home[0] != '/')
    throw sage::Failure(SAGE_UNAVAILABLE, "there is no home folder to look in; set HOME or XDG_DATA_HOME");
  return fs::path(home) / ".local" / "share";
}

template <class Row>
const Row* const* pointers_to(const std::vector<Row>& rows, std::vector<const Row*>& pointers) {
  pointers.clear();
  for (const auto& row : rows) pointers.push_back(&row);
  return pointers.data();
}

// By pipeline: whether a stage of it keeps state by the request's key.
std::vector<bool> dealt_by_key(const sage_run& run) {
  std::vector<bool> out(run.n_pipelines);
  for (uint64_t p = 0; p < run.n_pipelines; ++p)
    for (uint32_t s = 0; s < run.pipelines[p]->n_steps; ++s)
      if (run.stages[run.pipelines[p]->steps[s]->stage]->key_by == SAGE_KEY_REQUEST) out[p] = true;
  return out;
}

fs::path find_interpreter(const std::string& id, const sage::Json& options) {
  const auto given = options.value("python", std::string());
  auto python = given.empty() ? data_home() / "sage-host" / "envs" / id / "bin" / "python" : fs::path(given);
  // Of an environment of `sage-host setup`, its stamp says that it is complete.
  const auto folder = python.parent_path().parent_path();
  const bool complete = !given.empty() || fs::is_symlink(folder) || fs::exists(folder / "sage-host-requirements.txt");
  if (access(python.c_str(), X_OK) == 0 && python.is_absolute() && complete) return python;
  if (!given.empty())
    throw sage::Failure(SAGE_INVALID, "option 'python' is '" + given +
                                          "', which is no program with an absolute path; give that of an interpreter");
  throw sage::Failure(SAGE_UNAVAILABLE, "backend '" + id + "' is not installed in " + folder.string() +
                                            "; install it with: sage-host setup " + id);
}

}  // namespace

PythonBackend::PythonBackend(sage::Host host, std::string_view id, const sage::Json& options)
    : host_(host), id_(id), options_(options) {}

void PythonBackend::open(const sage_run& run) {
  const auto folder = plugin_folder() / "bridge";
  BridgeConfig config;
  config.name = id_;
  config.in_flight_max = static_cast<size_t>(run.max_in_flight);
  // A little less than the host's own limit, which would leave nothing to be said.
  config.start_timeout_ns = option_ns(options_, "open_timeout_s", 120) * 9 / 10;
  config.close_timeout_ns = option_ns(options_, "close_timeout_s", 10);
  config.program.guard = folder / "sage-host-guard";
  config.program.folder = sage::view(run.scratch_dir);
  // -s: not the user's own packages. -u: nothing said is lost. -B: nothing is written beside the modules.
  config.program.words = {
      find_interpreter(id_, options_), "-s", "-u", "-B", folder / "bridge_main.py", id_ + "_runtime"};
  // Each runtime has its own word for them.
  const auto drivers = options_.value("drivers", options_.value("clients", 1));
  if (drivers < 1) throw sage::Failure(SAGE_INVALID, id_ + ": there must be 1 driver or more");
  drivers_ = std::make_unique<Drivers>(host_, config, describe(run), static_cast<size_t>(drivers), dealt_by_key(run));
}

void PythonBackend::close() {
  if (drivers_) drivers_->close();
}

sage_stats PythonBackend::stats() {
  if (!drivers_) return Backend::stats();
  uint64_t resident_bytes = 0;
  node_rows_.clear();
  driver_rows_.clear();
  for (const auto& driver : drivers_->stats()) {
    resident_bytes += driver.resident_bytes;
    for (const auto pid : driver.driver_pids)
      driver_rows_.push_back({sizeof(sage_driver), pid, driver.operator_cpu_ns});
    for (size_t n = 0; n < driver.busy_ns.size(); ++n) {
      if (n == node_rows_.size()) node_rows_.push_back(sage::node_stats(static_cast<uint32_t>(n), 0, 0));
      node_rows_[n].busy_ns += driver.busy_ns[n];
      node_rows_[n].capacity += driver.capacity[n];  // which the first one alone tells
    }
  }
  return {sizeof(sage_stats), 0,
          resident_bytes,     pointers_to(node_rows_, node_pointers_),
          node_rows_.size(),  pointers_to(driver_rows_, driver_pointers_),
          driver_rows_.size()};
}

sage::Json PythonBackend::describe(const sage_run& run) const {
  using sage::Json;
  using sage::view;
  Json stages = Json::array(), pipelines = Json::array(), classes = Json::array();
  for (uint64_t s = 0; s < run.n_stages; ++s) {
    const auto& stage = *run.stages[s];
    stages.push_back({{"name", view(stage.name)},
                      {"operator", view(stage.operator_name)},
                      {"config", view(stage.config)},
                      {"key_by", stage.key_by},
                      {"parallelism", stage.parallelism != 0 ? stage.parallelism : run.parallelism}});
  }
  for (uint64_t p = 0; p < run.n_pipelines; ++p) {
    Json steps = Json::array();
    for (uint32_t s = 0; s < run.pipelines[p]->n_steps; ++s) {
      const auto& step = *run.pipelines[p]->steps[s];
      steps.push_back({{"stage", step.stage}, {"inputs", std::vector(step.inputs, step.inputs + step.n_inputs)}});
    }
    pipelines.push_back({{"name", view(run.pipelines[p]->name)}, {"steps", std::move(steps)}});
  }
  for (uint64_t c = 0; c < run.n_classes; ++c)
    classes.push_back({{"name", view(run.classes[c]->name)}, {"slo_response_ns", run.classes[c]->slo_response_ns}});
  const fs::path scratch = view(run.scratch_dir);
  return {
      {"nodes", run.nodes},
      {"parallelism", run.parallelism},
      {"seed", run.seed},
      {"scheduler", view(run.scheduler)},
      {"max_in_flight", run.max_in_flight},
      {"scratch_dir", scratch.string()},
      {"worker_library", (plugin_folder() / "bridge" / "libsage_bridge_worker.so").string()},
      {"workload",
       {{"library", view(run.workload_library)}, {"id", view(run.workload_id)}, {"config", view(run.workload_config)}}},
      {"stages", std::move(stages)},
      {"pipelines", std::move(pipelines)},
      {"classes", std::move(classes)},
      {"options", options_}};
}

}  // namespace bridge

// Tests of a plugin from its author's own test program (doctest, GoogleTest, a plain main): `run` plays the host for
// one workload and one backend, on one thread, in virtual time where the backend can, and tells what came of it and
// which rules of sage/abi.h were broken. Neither the host nor its libraries are needed.
//
//   const auto report = sage::testing::run(sage::testing::entry_of<MyWorkload>(), sage::testing::entry_of<Serial>());
//   CHECK(report.problems.empty());
//
// `Serial` (a backend) and `Chain` (a workload) are there to be the other half; a library that is installed will do as
// well: entry_of("/usr/lib/sage-host/plugins/libsage_mock.so").
#pragma once

#include <dlfcn.h>
#include <sage/plugin.hpp>

#include <map>

namespace sage::testing {

// The entry of a class, which needs no SAGE_PLUGIN for that.
template <class Plugin>
sage_entry_fn entry_of() {
  return [](const sage_host* host, sage_plugin* out) { return detail::entry<Plugin>(host, out, "test"); };
}

// The entry of a library, which stays loaded. Throws std::runtime_error.
inline sage_entry_fn entry_of(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) throw std::runtime_error(dlerror());  // NOLINT(concurrency-mt-unsafe): of this thread
  const auto entry = reinterpret_cast<sage_entry_fn>(dlsym(handle, SAGE_ENTRY_SYMBOL));
  if (entry == nullptr) throw std::runtime_error(library + " does not export " SAGE_ENTRY_SYMBOL);
  return entry;
}

struct Load {
  uint64_t requests = 1000;
  double rate = 1000;      // 1/s, evenly spaced
  uint64_t in_flight = 0;  // not 0: a closed loop with so many, instead of a rate
  uint64_t seed = 42;
  uint32_t nodes = 1;
  uint32_t parallelism = 2;
  std::string scheduler = "default";
  double drain_s = 30;             // most time to wait for an end, and for what is outstanding at the end
  Json workload = Json::object();  // options of the two plugins
  Json backend = Json::object();
  std::vector<std::string> capabilities = {"keyed", "stages"};   // that the workload is told of
  std::string workload_id = "workload", backend_id = "backend";  // that `create` gets
  std::string workload_library;      // its path, for a backend that executes operators in other processes
  std::string scratch_dir = "/tmp";  // for the backend's files
};

struct Report {
  uint64_t offered = 0;
  std::map<int32_t, uint64_t> outcomes;  // by SAGE_OUTCOME_*
  uint64_t passed = 0;                   // verdicts of `settle`
  uint64_t wrong = 0;
  uint32_t verdict = SAGE_VERDICT_UNCHECKED;  // of `conclude`, with what it reports
  Json report = Json::object();
  std::vector<int64_t> responses_ns;       // of those that ended ok, from the due time, in order
  std::map<uint64_t, uint64_t> digests;    // by seq, of those that ended ok
  std::map<uint64_t, sage_status> events;  // by the number of the event, from 1, as the backend confirmed them
  std::map<std::string, Json> metadata;
  std::vector<std::string> logs;
  std::vector<std::string> problems;     // rules that were broken, in words; the first hundred
  std::vector<std::string> out_of_turn;  // of these, who called what when, and statuses without a text
};

// The two plugins are driven through their C tables, as the host does. Throws std::runtime_error with the plugin's text
// when a call fails.
Report run(sage_entry_fn workload, sage_entry_fn backend, Load load = {});

}  // namespace sage::testing

#include <sage/testing/halves.hpp>
#include <sage/testing/run.hpp>

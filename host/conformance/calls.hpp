// What questions to plugins that are called directly have in common. All of it happens in the child process of one.
#pragma once

#include <sage/testing.hpp>

#include "catalog/plugin.hpp"
#include "conformance/requirement.hpp"

namespace host::conformance {

// The plugin's own options as the host would resolve them.
sage::Json default_options(const catalog::Manifest& manifest);

// Of a few requests, with the plugin under test on its side and the partner's on the other.
sage::testing::Load small_load(const CallCase& of);
// `run` of that: with the shipped workload, or with a backend that executes each request at once.
sage::testing::Report small_run(const CallCase& of, const sage::testing::Load& load);

// What the child is at, for the case that it does not come back.
std::filesystem::path doing_file(const CallCase& of);
void note_doing(const CallCase& of, const std::string& what);

// Created and destroyed. Throws std::runtime_error with the plugin's text.
class Instance {
 public:
  Instance(const catalog::Plugin& plugin, std::string config);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  [[nodiscard]] void* get() const { return self_; }
  sage::testing::StubHost& host() { return host_; }

 private:
  const catalog::Plugin& plugin_;
  const std::string config_;
  sage::testing::StubHost host_{false};
  void* self_ = nullptr;
};

// Of both kinds.
std::string creates(const CallCase& of);
std::string fuzzed_options(const CallCase& of);
std::string leaks(const CallCase& of);
std::string services(const CallCase& of);

}  // namespace host::conformance

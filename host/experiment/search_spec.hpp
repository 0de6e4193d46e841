// What is searched for: the largest load with which a metric is as good as asked. An experiment says so in its
// [search]; a workload whose manifest says `search = "capacity"` by options that the manifest declares: node_list,
// attainment, probe_repeat, tolerance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/manifest.hpp"
#include "cell/settings.hpp"
#include "compare/gate.hpp"

namespace host::experiment {

struct SearchSpec {
  std::vector<uint32_t> nodes;    // ascending
  std::string maximise = "rate";  // a load option, or "concurrency", whose values are whole
  // Its bound is a value of the metric.
  compare::GateCondition subject = {"slo_attainment >= 0.9", "total", "slo_attainment", false, 0.9};
  uint32_t repeat = 3;  // runs at a rate, all of which must meet the subject
  double tolerance = 0.05;

  [[nodiscard]] bool whole() const { return maximise == "concurrency"; }
  [[nodiscard]] bool met_by(double value) const {
    return subject.at_most ? value <= subject.bound : value >= subject.bound;
  }
  // That a rate was not met by luck: at one whose median misses the subject, all runs meet it with probability 2^-n.
  [[nodiscard]] double confidence() const;
};

// "slo_attainment >= 0.9", "class:chat/latency_p99 <= 200". Throws Error(usage) that begins with `source`.
compare::GateCondition read_subject(const std::string& text, const std::string& source);

// Throws Error(usage) for a load that has not what is searched for.
void check_searchable(const SearchSpec& search, const cell::Settings& settings, const std::string& what);

// Of a workload that declares a search. Throws Error(usage) for a list of nodes that cannot be read or that the backend
// cannot have, and for a load without a rate.
SearchSpec read_search(const cell::Settings& settings, const catalog::Manifest& workload,
                       const catalog::Manifest& backend);

}  // namespace host::experiment

// What `doctor` says.
#pragma once

#include <string>
#include <vector>

#include "machine/machine.hpp"

namespace host::machine {

// "BROKEN" makes the exit code 1; "warn" is about the quality of measurements; "note" is no fault; else "ok".
struct Finding {
  const char* state;
  std::string what;
  std::string detail;
};

// What of the machine would disturb a measurement, each with its remedy.
std::vector<Finding> machine_findings(const Machine& machine);

}  // namespace host::machine

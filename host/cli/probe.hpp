// Loads a plugin in a child process, so that a bad one cannot take the host along.
#pragma once

#include <string>

#include "catalog/manifest.hpp"
#include "error.hpp"

namespace host {

struct Probe {
  bool ok = false;
  std::string error;         // one line
  Exit exit = Exit::failed;  // what that error means: unavailable where the plugin says so
};

// load_plugin() in a forked child with 10 s to do it. The caller must not have started threads.
Probe probe_plugin(const Manifest& manifest);

}  // namespace host

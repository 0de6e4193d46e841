// Loads a plugin in a child process, so that a bad one cannot take the host along.
#pragma once

#include <string>

#include "base/error.hpp"
#include "catalog/manifest.hpp"

namespace host::catalog {

struct TrialLoad {
  bool ok = false;
  std::string error;                     // one line
  base::Exit exit = base::Exit::failed;  // what that error means: unavailable where the plugin says so
};

// load_plugin() in a forked child with 10 s to do it. The caller must not have started threads.
TrialLoad try_load(const Manifest& manifest);

}  // namespace host::catalog

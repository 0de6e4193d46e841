// The Python environment of a backend that runs in a Python of its own: <data home>/sage-host/envs/<id>, made from the
// locked requirements beside its manifest, <id>-requirements.txt. The plugin looks for its interpreter in the same
// place.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "catalog/manifest.hpp"

namespace host::catalog {

struct PythonEnv {
  std::filesystem::path requirements;
  std::filesystem::path folder;
  [[nodiscard]] std::filesystem::path interpreter() const { return folder / "bin" / "python"; }
  [[nodiscard]] bool linked() const { return std::filesystem::is_symlink(folder); }
  // Complete, and of the requirements as they are now; an environment of the user's own (linked) always is.
  [[nodiscard]] bool current() const;
  // Written last, so that an interrupted setup does not count.
  [[nodiscard]] std::filesystem::path stamp() const { return folder / "sage-host-requirements.txt"; }
  // What it is for: the first package of the requirements, "ray==2.60.0".
  [[nodiscard]] std::string package() const;
};

// Throws as refuse_others() does for the interpreter that a backend starts, its option `python` or that of its
// environment, and for the folder of that environment.
void refuse_others_in_python(const Manifest& backend, const OptionValues& options);

// Absent when the backend needs none.
std::optional<PythonEnv> python_env(const Manifest& backend);

}  // namespace host::catalog

// One command at a time works on a run: whoever holds the lock of its folder.
#pragma once

#include <filesystem>

#include "base/fd.hpp"

namespace host::experiment {

// <folder>/.lock, with the process id of its holder in it. The kernel releases it when the process ends, however that
// comes about: a file that a killed process left behind locks nothing. No child holds it, for it is closed on exec.
class RunLock {
 public:
  // Throws Error(usage) that names the process which has it, Error(failed) when there can be no such file.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();  // the file goes again
  RunLock(RunLock&&) = default;
  RunLock& operator=(RunLock&&) = delete;

 private:
  std::filesystem::path file_;
  base::Fd fd_;
};

}  // namespace host::experiment

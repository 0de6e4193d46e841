// Exit codes and the one exception type that carries them: its text is the single line a user sees.
#pragma once

#include <stdexcept>
#include <string>

namespace host::base {

enum class Exit : int {
  ok = 0,
  failed = 1,       // a run failed, or its check of results did
  usage = 2,        // bad usage or configuration
  unavailable = 3,  // the backend is not installed
  invalid = 4,      // the result must not be used: generator late, ledger broken
  gate = 5,         // a comparison's gate was not met
  interrupted = 130,
};

// `what()` names what, where and the remedy, in one line.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] Exit code() const noexcept { return code_; }

 private:
  Exit code_;
};

inline Error usage_error(const std::string& text) { return {Exit::usage, text}; }

}  // namespace host::base

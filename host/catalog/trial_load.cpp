#include "catalog/trial_load.hpp"

#include <fmt/format.h>

#include <system_error>

#include "base/child_answer.hpp"
#include "base/error.hpp"
#include "catalog/plugin.hpp"

namespace host::catalog {
namespace {

constexpr int limit_s = 10;

// "" = it loads; else the exit code as one character, and the text.
std::string load_and_tell(const Manifest& manifest) try {
  (void)load_plugin(manifest);
  return "";
} catch (const base::Error& e) {
  return static_cast<char>('0' + static_cast<int>(e.code())) + std::string(e.what());
}

}  // namespace

TrialLoad try_load(const Manifest& manifest) {
  try {
    const auto answer = base::ask_child(limit_s, [&] { return load_and_tell(manifest); });
    if (!answer.why_none.empty())
      return {false, fmt::format("{}: {} while loading", manifest.library.string(), answer.why_none),
              base::Exit::failed};
    if (answer.text.empty()) return {true, "", base::Exit::ok};
    const bool refused = static_cast<base::Exit>(answer.text[0] - '0') == base::Exit::unavailable;
    return {false, answer.text.substr(1), refused ? base::Exit::unavailable : base::Exit::failed};
  } catch (const std::system_error& e) {
    throw base::Error(base::Exit::failed, fmt::format("cannot start a process to load the plugin in: {}", e.what()));
  }
}

}  // namespace host::catalog

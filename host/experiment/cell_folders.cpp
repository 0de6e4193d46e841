#include "experiment/cell_folders.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/error.hpp"
#include "base/output_file.hpp"
#include "cell/run_folder.hpp"
#include "experiment/state.hpp"

namespace host::experiment {

namespace fs = std::filesystem;

void check_run_id(const std::string& id) {
  const bool plain =
      std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
  if (!plain || id.empty() || id[0] == '.' || id.size() > 128)
    throw base::usage_error(fmt::format("--run-id '{}': give up to 128 letters, digits, '-', '_' and '.'", id));
}

bool begun(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return fs::exists(root, error);
  for (const auto& entry : fs::directory_iterator(root, error))
    if (!entry.path().filename().string().starts_with('.')) return true;
  return static_cast<bool>(error);
}

RunLock make_root(const fs::path& root) {
  if (const auto problem = cell::why_not_writable(root); !problem.empty())
    throw base::Error(base::Exit::failed, problem);
  fs::create_directories(root);
  RunLock lock(root);
  if (State::exists(root))
    throw base::usage_error(fmt::format("{} is there already; choose another --run-id", root.string()));
  return lock;
}

std::string unfinished(const std::string& name) { return ".unfinished-" + name; }

void remove_unfinished(const fs::path& cells) {
  std::error_code error;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(cells, error))
    if (entry.path().filename().string().starts_with(unfinished(""))) left.push_back(entry.path());
  for (const auto& folder : left) fs::remove_all(folder, error);
}

bool put_in_place(const fs::path& cells, const std::string& name) {
  fs::remove_all(cells / name);
  const auto written = cells / unfinished(name);
  if (!fs::exists(written)) return false;
  fs::rename(written, cells / name);
  base::sync_folder(cells);  // before a state says that it is there
  return true;
}

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stderr);
  std::fflush(stderr);
}

std::string about(double seconds) {
  const auto s = std::lround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

}  // namespace host::experiment

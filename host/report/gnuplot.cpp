#include "report/gnuplot.hpp"

#include <fmt/format.h>
#include <stdlib.h>  // mkdtemp
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/output_file.hpp"

namespace host::report {
namespace {

namespace fs = std::filesystem;

constexpr int limit_ms = 60'000;  // 200 configurations take 0.5 s

// A folder that goes with its owner.
class Folder {
 public:
  explicit Folder(const fs::path& parent) {
    auto name = (parent / ".plot-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t^") != std::string::npos) return line.substr(0, 200);
  return {};
}

}  // namespace

std::string run_gnuplot(const std::string& script, const fs::path& png) {
  std::error_code error;
  if (fs::is_regular_file(fs::symlink_status(png, error))) fs::remove(png, error);  // an old one would be misleading
  const Folder folder(fs::absolute(png).parent_path());
  if (folder.path().empty())
    return fmt::format("no folder for gnuplot beside it: {}", std::generic_category().message(errno));
  base::write_file(folder.path() / "script.gp", script);
  int status = 0;
  try {
    // -d: no settings of the user's own.
    base::ChildProcess child(
        base::Launch{.words = {"gnuplot", "-d", "script.gp"}, .folder = folder.path(), .errors = "errors"});
    if (!child.wait(limit_ms)) return fmt::format("gnuplot took more than {} s and was ended", limit_ms / 1000);
    status = child.status();
  } catch (const std::system_error& e) {
    return e.code().value() == ENOENT
               ? std::string("gnuplot is not installed; install it with: apt-get install gnuplot-nox")
               : "gnuplot cannot be started: " + e.code().message();
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 127)
    return "gnuplot could not be run; is the gnuplot-nox package whole?";
  const auto drawn = folder.path() / "plot.png";
  if (WEXITSTATUS(status) != 0 || !fs::exists(drawn, error) || fs::file_size(drawn, error) == 0)
    return fmt::format("gnuplot failed: {}", first_line(folder.path() / "errors"));
  std::ifstream in(drawn, std::ios::binary);
  try {
    base::write_file(png, std::string{std::istreambuf_iterator<char>(in), {}});
  } catch (const base::Error& e) {
    return e.what();
  }
  return {};
}

}  // namespace host::report

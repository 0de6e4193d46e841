#include "catalog/python_env.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "catalog/catalog.hpp"
#include "catalog/trusted_file.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

fs::path data_home() {
  if (const char* data = secure_getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/') return data;
  const auto home = home_folder();
  if (home.empty())
    throw base::usage_error("there is no home folder to keep environments in; set HOME or XDG_DATA_HOME");
  return home / ".local" / "share";
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

bool PythonEnv::current() const {
  if (access(interpreter().c_str(), X_OK) != 0) return false;
  return linked() || (fs::exists(stamp()) && read_text(stamp()) == read_text(requirements));
}

std::string PythonEnv::package() const {
  std::ifstream in(requirements);
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') return line.substr(0, line.find(' '));
  return "no package";
}

void refuse_others_in_python(const Manifest& backend, const OptionValues& options) {
  const auto option = options.find("python");
  if (option == options.end()) return;
  fs::path interpreter = to_text(option->second);
  const auto env = python_env(backend);
  if (interpreter.empty() && env) interpreter = env->interpreter();
  if (access(interpreter.c_str(), X_OK) != 0) return;  // the plugin says so
  refuse_others(interpreter, "interpreter");
  const auto folder = interpreter.parent_path().parent_path();
  if (fs::exists(folder / "pyvenv.cfg")) refuse_others(folder, "environment");
}

std::optional<PythonEnv> python_env(const Manifest& backend) {
  const auto requirements = backend.file.parent_path() / (backend.id + "-requirements.txt");
  if (!fs::is_regular_file(requirements)) return std::nullopt;
  return PythonEnv{requirements, data_home() / "sage-host" / "envs" / backend.id};
}

}  // namespace host::catalog

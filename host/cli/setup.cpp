// `setup BACKEND`: makes the Python environment that a backend runs in.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/child_process.hpp"
#include "catalog/catalog.hpp"
#include "catalog/python_env.hpp"
#include "catalog/trusted_file.hpp"
#include "cell/settings.hpp"
#include "cli/commands.hpp"

namespace host::cli {
namespace {

namespace fs = std::filesystem;

// Runs a program with our own streams; true when it ended with 0. It takes as long as the network does: who waits sees
// what it prints. However we end, the guard ends it and all that it has started, and removes its temporary files, which
// lie beside the environments.
bool run_guarded(const catalog::PythonEnv& env, const std::vector<std::string>& words) {
  const auto guard = catalog::shipped_plugins() / "bridge/sage-host-guard";
  auto temporary = (env.folder.parent_path() / ".setup-XXXXXX").string();
  if (mkdtemp(temporary.data()) == nullptr)
    throw base::Error(base::Exit::failed,
                      fmt::format("cannot make a folder in {}: {}", env.folder.parent_path().string(),
                                  std::generic_category().message(errno)));
  // `env` looks the program up in PATH.
  std::vector<std::string> guarded = {guard, std::to_string(getpid()), temporary, "/usr/bin/env",
                                      "TMPDIR=" + temporary};
  guarded.insert(guarded.end(), words.begin(), words.end());
  try {
    base::ChildProcess child(base::Launch{.words = guarded});
    child.wait(-1);
    const int code = WIFEXITED(child.status()) ? WEXITSTATUS(child.status()) : -1;
    if (code != 126 && code != 127) return code == 0;
  } catch (const std::system_error& e) {
    throw base::Error(base::Exit::failed, fmt::format("cannot start {}: {}; build or install sage-host again",
                                                      guard.string(), e.code().message()));
  }
  throw base::Error(base::Exit::failed,
                    fmt::format("cannot start {}; name another interpreter with --python", words[0]));
}

void link_own(const catalog::PythonEnv& env, const fs::path& own) {
  const auto absolute = fs::absolute(own).lexically_normal();
  if (access((absolute / "bin" / "python").c_str(), X_OK) != 0)
    throw base::usage_error(
        fmt::format("--from-env: {} has no bin/python; give the folder of a Python environment", absolute.string()));
  if (fs::exists(fs::symlink_status(env.folder)) && !env.linked())
    throw base::usage_error(
        fmt::format("{} is an environment of sage-host's own; remove it first", env.folder.string()));
  fs::create_directories(env.folder.parent_path());
  fs::remove(env.folder);
  fs::create_directory_symlink(absolute, env.folder);
}

void make(const catalog::PythonEnv& env, const std::string& python) {
  catalog::refuse_others(env.requirements, "requirements");
  fs::create_directories(env.folder.parent_path());
  if (env.linked()) fs::remove(env.folder);
  if (!run_guarded(env, {python, "-m", "venv", "--clear", env.folder.string()}))
    throw base::Error(base::Exit::failed,
                      fmt::format("{} -m venv failed; on Debian: apt-get install python3-venv", python));
  // Nothing but the files whose hashes are locked: to build one, pip would fetch others.
  if (!run_guarded(env, {env.interpreter().string(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                         "--no-input", "--require-hashes", "--only-binary", ":all:", "--requirement",
                         env.requirements.string()}))
    throw base::Error(
        base::Exit::failed,
        fmt::format("the packages of {} could not be installed; the lines above say why", env.requirements.string()));
  fs::copy_file(env.requirements, env.stamp(), fs::copy_options::overwrite_existing);
}

}  // namespace

const std::vector<catalog::Flag>& setup_flags() {
  static const std::vector<catalog::Flag> flags = {
      {.spec = {.name = "python",
                .type = catalog::OptionType::text,
                .default_value = std::string("python3"),
                .help = "the interpreter to make the environment with"},
       .placeholder = "PROGRAM"},
      {.spec = {.name = "from_env",
                .type = catalog::OptionType::text,
                .default_value = std::string(),
                .help = "use this environment of yours instead of making one"},
       .placeholder = "DIR"},
      {.spec = cell::run_option("plugin_path"), .placeholder = "A:B"}};
  return flags;
}

base::Exit setup_command(const Command& command, std::span<const std::string> args) {
  const auto& flags = setup_flags();
  const auto arguments = parse_arguments(args, flags, command.name, 1);
  if (arguments.help || arguments.positional.empty()) {
    fmt::print("{}", command_help(command, flags));
    if (arguments.help) return base::Exit::ok;
    throw base::usage_error("setup: name a backend, as in 'sage-host setup ray'");
  }
  const auto catalog = catalog::open_catalog(arguments.text("plugin_path"));
  const auto& backend = catalog.find(catalog::PluginKind::backend, arguments.positional[0]);
  const auto env = catalog::python_env(backend);
  if (!env) {
    fmt::print("backend {} needs no setup\n", backend.id);
    return base::Exit::ok;
  }
  if (const auto own = arguments.text("from_env"); !own.empty())
    link_own(*env, own);
  else if (!env->current())
    make(*env, arguments.text("python", "python3"));
  fmt::print("backend {}: {} in {}\n", backend.id, env->linked() ? "your own environment" : env->package(),
             env->linked() ? fs::read_symlink(env->folder).string() : env->folder.string());
  return base::Exit::ok;
}

}  // namespace host::cli

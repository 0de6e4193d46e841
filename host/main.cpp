// sage-host: the one place where an exception ends, as one line and an exit code.
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "cli/commands.hpp"

int main(int argc, char** argv) {
  const std::span<char*> raw(argv, static_cast<size_t>(argc));
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit shows as a failed write, with its path
  try {
    const std::vector<std::string> args(raw.begin() + (argc > 0 ? 1 : 0), raw.end());
    const auto code = host::cli::run_main(args);
    if (std::fflush(stdout) != 0) throw host::base::Error(host::base::Exit::failed, "cannot write to standard output");
    return static_cast<int>(code);
  } catch (const host::base::Error& e) {
    std::fprintf(stderr, "sage-host: %s\n", host::base::one_line(e.what()).c_str());
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sage-host: internal error: %s; please report it with the command line\n",
                 host::base::one_line(e.what()).c_str());
    return static_cast<int>(host::base::Exit::failed);
  }
}

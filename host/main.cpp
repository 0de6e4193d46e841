// sage-host: the one place where an exception ends, as one line and an exit code.
#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "cli/commands.hpp"

namespace {

// Daemons start programs without them, and the next file that is opened would be standard output.
void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd)
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);  // the lowest that is free: fd
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  const std::span<char*> raw(argv, static_cast<size_t>(argc));
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit shows as a failed write, with its path
  try {
    const std::vector<std::string> args(raw.begin() + (argc > 0 ? 1 : 0), raw.end());
    const auto code = host::cli::run_main(args);
    if (std::fflush(stdout) != 0)
      throw host::base::Error(host::base::Exit::failed,
                              "cannot write to standard output: " + std::generic_category().message(errno));
    return static_cast<int>(code);
  } catch (const host::base::Error& e) {
    std::fprintf(stderr, "sage-host: %s\n", host::base::one_line(e.what()).c_str());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    std::fputs("sage-host: no memory was left; end other programs, or give it less to read at once\n", stderr);
    return static_cast<int>(host::base::Exit::failed);
  } catch (const std::filesystem::filesystem_error& e) {
    std::fprintf(stderr, "sage-host: %s\n", host::base::one_line(host::base::file_error(e).what()).c_str());
    return static_cast<int>(host::base::Exit::failed);
  } catch (const std::system_error& e) {
    // What fmt throws when it cannot print.
    const bool printing = std::string_view(e.what()).starts_with("cannot write to file");
    std::fprintf(stderr, "sage-host: %s: %s\n", printing ? "cannot write to standard output" : "internal error",
                 host::base::one_line(printing ? e.code().message() : e.what()).c_str());
    return static_cast<int>(host::base::Exit::failed);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sage-host: internal error: %s; please report it with the command line\n",
                 host::base::one_line(e.what()).c_str());
    return static_cast<int>(host::base::Exit::failed);
  }
}

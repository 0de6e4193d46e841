// Gnuplot as a child process, without a shell.
#pragma once

#include <filesystem>
#include <string>

namespace host::report {

// Runs the script, which draws `plot.png` in its current folder, and moves the picture to `png`. Returns why there is
// none, with the remedy; empty = it is there. An older picture is removed first, so that none lies about this run.
std::string run_gnuplot(const std::string& script, const std::filesystem::path& png);

}  // namespace host::report

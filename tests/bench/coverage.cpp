// Prints how often 95 % intervals of a ratio hold the truth: the table of docs/compare.md.
#include <fmt/format.h>

#include <cstdlib>

#include "compare/coverage.hpp"

int main(int argc, char** argv) {
  const size_t experiments = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 4000;
  if (experiments == 0) {
    fmt::print(stderr, "usage: coverage [EXPERIMENTS]\n");
    return 2;
  }
  fmt::print("{} experiments a figure; coverage in %, median of high / low beside it\n\n", experiments);
  fmt::print("{:>3}  {:11}  {:>16}  {:>16}  {:>16}\n", "n", "", "normal", "log-normal", "skewed");
  for (const size_t n : {3UL, 4UL, 5UL, 10UL, 20UL}) {
    for (const bool paired : {true, false}) {
      fmt::print("{:>3}  {:11}", n, paired ? "paired" : "independent");
      for (const auto noise : {host::Noise::normal, host::Noise::log_normal, host::Noise::skewed}) {
        const auto c = host::coverage(noise, n, paired, experiments, n);
        fmt::print("  {:>9.1f} {:>6.2f}", c.share * 100, c.width);
      }
      fmt::print("\n");
    }
  }
}

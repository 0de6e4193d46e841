// Prints how often 95 % intervals of a ratio hold the truth: the tables of docs/compare.md.
#include <fmt/format.h>

#include <cstdlib>

#include "compare/coverage.hpp"
#include "compare/two_stage_coverage.hpp"

namespace {

// What is usually done, to be set beside it: percentiles of the resampled means of pairs.
std::optional<host::compare::RatioInterval> percentile_bootstrap(std::span<const double> baseline,
                                                                 std::span<const double> candidate, double confidence,
                                                                 uint64_t seed) {
  constexpr size_t resamples = 999;
  const auto n = baseline.size();
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<size_t> pick(0, n - 1);
  std::vector<double> means(resamples, 0);
  for (auto& mean : means) {
    for (size_t i = 0; i < n; ++i) {
      const auto k = pick(random);
      mean += std::log(candidate[k] / baseline[k]) / static_cast<double>(n);
    }
  }
  std::ranges::sort(means);
  const auto tail = static_cast<size_t>((1 - confidence) / 2 * resamples);
  return host::compare::RatioInterval{std::exp(means[resamples / 2]), std::exp(means[tail]),
                                      std::exp(means[resamples - 1 - tail])};
}

void print_fixed(size_t experiments) {
  fmt::print("{:>3}  {:11}  {:>16}  {:>16}  {:>16}\n", "n", "", "normal", "log-normal", "skewed");
  for (const size_t n : {3UL, 4UL, 5UL, 10UL, 20UL}) {
    struct Method {
      const char* name;
      bool paired;
      host::compare::IntervalOf interval_of;
    };
    for (const auto& [name, paired, interval_of] :
         {Method{"pairs", true, nullptr}, Method{"independent", false, nullptr},
          Method{"percentile", true, percentile_bootstrap}}) {
      fmt::print("{:>3}  {:11}", n, name);
      for (const auto noise :
           {host::compare::Noise::normal, host::compare::Noise::log_normal, host::compare::Noise::skewed}) {
        const auto c = host::compare::coverage(noise, n, paired, experiments, n, interval_of);
        fmt::print("  {:>9.1f} {:>6.2f}", c.share * 100, c.width);
      }
      fmt::print("\n");
    }
  }
}

// Width of the goal in deviations of a logarithm; mean number of repetitions beside the coverage.
void print_stopped(size_t experiments) {
  using host::compare::LogNoise, host::compare::StopMethod;
  constexpr size_t cap = 1000;
  fmt::print("\n{:>5} {:>5}  {:10}  {:>12}  {:>12}  {:>12}  {:>12}  {:>12}\n", "first", "width", "", "normal", "gamma",
             "log-normal", "gamma/gamma", "log-n./log-n.");
  for (const auto& [first, width] :
       {std::pair{3UL, 1.0}, std::pair{5UL, 2.0}, std::pair{5UL, 1.0}, std::pair{5UL, 0.5}, std::pair{10UL, 0.5}}) {
    for (const auto& [name, method] :
         {std::pair{"two-stage", StopMethod::two_stage}, std::pair{"bootstrap", StopMethod::bootstrap},
          std::pair{"narrow", StopMethod::narrow}}) {
      fmt::print("{:>5} {:>5.1f}  {:10}", first, width, name);
      for (const auto noise :
           {LogNoise::normal, LogNoise::gamma, LogNoise::log_normal, LogNoise::gamma_pair, LogNoise::log_normal_pair}) {
        const auto c = host::compare::stop_coverage(method, noise, width, first, cap, experiments, first);
        fmt::print("  {:>6.1f} {:>5.1f}", c.share * 100, c.repetitions);
      }
      fmt::print("\n");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const size_t experiments = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 4000;
  if (experiments == 0) {
    fmt::print(stderr, "usage: coverage [EXPERIMENTS]\n");
    return 2;
  }
  fmt::print("{} experiments a figure; coverage in %, median of high / low beside it\n\n", experiments);
  print_fixed(experiments);
  print_stopped(experiments);
}

// A test of the workload without the host: a plain main, so any framework will do. Exit code 0 = passed.
#include <cstdio>
#include <sage/testing.hpp>

// The library that was built, as the host would load it. A class could be tested likewise: entry_of<Hello>().
int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sage::testing::Load load;
  load.requests = 500;
  load.workload = {{"greeting", "Hello"},
                   {"slo_ms", 10.0}};  // all of its options: nobody reads the manifest's defaults
  const auto report = run(sage::testing::entry_of(argv[1]), sage::testing::entry_of<sage::testing::Serial>(), load);
  for (const auto& problem : report.problems) std::printf("%s\n", problem.c_str());
  std::printf("%llu offered, %llu passed, %llu wrong\n", static_cast<unsigned long long>(report.offered),
              static_cast<unsigned long long>(report.passed), static_cast<unsigned long long>(report.wrong));
  return report.problems.empty() && report.passed == 500 ? 0 : 1;
}

// A test of the backend without the host, over a real Redis: a plain main. Exit code 0 = passed.
#include <cstdio>
#include <sage/testing.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sage::testing::Load load;
  load.requests = 500;
  load.in_flight = 16;
  load.workload = {{"steps", 3}, {"hold_us", 0}, {"payload", 4096}};
  load.backend = {{"address", ""}, {"server", "redis-server"}, {"timeout_s", 5.0}};
  const auto report = run(sage::testing::entry_of<sage::testing::Chain>(), sage::testing::entry_of(argv[1]), load);
  for (const auto& problem : report.problems) std::printf("%s\n", problem.c_str());
  const auto commands = report.metadata.at("redis").at("commands").get<double>();
  std::printf("%llu passed, %llu wrong, %.0f commands of Redis %s\n", static_cast<unsigned long long>(report.passed),
              static_cast<unsigned long long>(report.wrong), commands,
              report.metadata.at("redis").at("version").get<std::string>().c_str());
  // Each of the 500 requests is written, has its time to live, is read and written at three steps, read and removed.
  return report.problems.empty() && report.passed == 500 && commands >= 500 * 10 ? 0 : 1;
}

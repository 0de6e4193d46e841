// A mutation fuzzer over everything that the host reads from outside: fuzz [SECONDS [SEED [PARSER]]].
//
// Each input is a good one with a few changes. A parser may refuse it with an exception; anything else (a signal, a
// sanitizer's finding, an input that takes longer than ten seconds) is a fault. It names parser and seed, and
// `fuzz 0 SEED PARSER` gives that input to that parser once more.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>

#include "base/child_process.hpp"
#include "fuzz/mutate.hpp"
#include "fuzz/parsers.hpp"

namespace {

namespace fs = std::filesystem;

constexpr unsigned slowest_s = 10;  // of one input, under a sanitizer on a crowded machine
char now_reading[128] = "";

void tell_and_die(int signal) {
  (void)!write(STDERR_FILENO, now_reading, sizeof now_reading);
  const char* text = signal == SIGALRM ? ": it does not come to an end\n" : ": it crashed\n";
  (void)!write(STDERR_FILENO, text, __builtin_strlen(text));
  _exit(1);
}

void run_host(const fs::path& folder, std::vector<std::string> args) {
  std::vector<std::string> words = {SAGE_BINARY_DIR "/bin/sage-host"};
  words.insert(words.end(), args.begin(), args.end());
  host::base::ChildProcess child(host::base::Launch{.words = words, .folder = folder, .errors = folder / "errors"});
  if (!child.wait(60'000))
    throw std::runtime_error("no run to begin with");  // a pair of two clocks is invalid, and there
}

fs::path only_folder_in(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) return entry.path();
  throw std::runtime_error("no run to begin with");
}

// The input of this seed.
void read_one(const fuzz::Parser& parser, uint64_t seed, uint64_t& refused) {
  fmt::format_to_n(now_reading, sizeof now_reading - 1, "fuzz 0 {} '{}'{:60}", seed, parser.name, "");
  fuzz::Random random(seed);
  const auto text = fuzz::mutate(parser.good[random() % parser.good.size()], random);
  alarm(slowest_s);
  try {
    parser.read(text);
  } catch (const std::exception&) {
    ++refused;
  }
  alarm(0);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::stod(argv[1]) : 60;
  const uint64_t seed = argc > 2 ? std::stoull(argv[2]) : 1;
  const std::string only = argc > 3 ? argv[3] : "";
  // In memory, where there is such a folder: a disk takes a millisecond a file.
  const fs::path root = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
  std::string name = (root / "sage-fuzz-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const fs::path scratch = name;
  run_host(scratch,
           {"run", "--workload", "q6", "-b", "mock", "--quick", "--request-log", "binary", "--output-dir", "run"});
  run_host(scratch, {"pair", "--workload", "q6", "--backends", "mock,threads", "--quick", "--repeat", "1", "--run-id",
                     "x", "--output-dir", "pair"});
  const auto all = fuzz::parsers(only_folder_in(scratch / "run"), only_folder_in(scratch / "pair/run_id=x"), scratch);
  for (const int each : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) signal(each, tell_and_die);

  std::map<std::string, uint64_t> inputs, refused;
  const auto begin = std::chrono::steady_clock::now();
  const auto left = [&] { return std::chrono::steady_clock::now() - begin < std::chrono::duration<double>(seconds); };
  uint64_t next = seed;
  do {
    for (const auto& parser : all) {
      if (!only.empty() && parser.name != only) continue;
      read_one(parser, next, refused[parser.name]);
      ++inputs[parser.name];
    }
    ++next;
  } while (left());
  fs::remove_all(scratch);
  for (const auto& [parser, n] : inputs) fmt::print("{:<16} {:>8} inputs, {:>8} refused\n", parser, n, refused[parser]);
  return 0;
}

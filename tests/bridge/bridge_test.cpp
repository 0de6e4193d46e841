#include "bridge/bridge.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "backends/fake_host.hpp"
#include "bridge/child_config.hpp"

using namespace bridge;

namespace {

struct Lab {
  explicit Lab(const std::string& how, int64_t start_timeout_ns = 20 * second_ns) {
    auto config = child_config(how, 64, start_timeout_ns);
    folder = config.program.folder;
    bridge.emplace(sage::Host(host.table()), std::move(config));
    bridge->start(sage::Json::object());
  }
  ~Lab() {
    if (bridge) bridge->close();
    bridge.reset();
    CHECK_FALSE(std::filesystem::exists(folder));  // the guard has removed it
  }
  size_t submit(size_t n) {
    std::vector<sage_request> rows(n);
    for (size_t i = 0; i < n; ++i) {
      rows[i].id = i + 1;
      rows[i].seq = i;
    }
    return bridge->submit(rows);
  }
  size_t with_status(int32_t status) {
    size_t count = 0;
    for (const auto& [id, end] : host.ends()) count += end.row.status == status ? 1U : 0U;
    return count;
  }

  fake::Host host;
  std::string folder;
  std::optional<Bridge> bridge;
};

std::string start_error(const std::string& how, int64_t timeout_ns = 20 * second_ns) {
  try {
    const Lab lab(how, timeout_ns);
  } catch (const sage::Failure& e) {
    return e.what();
  }
  return "";
}

// The child breaks down: every request ends as an error, and the drain says why.
std::string broken_by(const std::string& how) {
  Lab lab(how);
  CHECK(lab.submit(5) == 5);
  CHECK(lab.host.wait_for_ends(5));
  CHECK(lab.with_status(SAGE_DONE_ERROR) == 5);
  // Whatever comes later fails at once instead of waiting for ever.
  CHECK(lab.submit(9) == 9);
  CHECK(lab.host.wait_for_ends(9));
  try {
    lab.bridge->drain(0);
  } catch (const sage::Failure& e) {
    return e.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("requests come back once each, payloads and all") {
  Lab lab("echoes");
  const std::string payload = "0123456789";
  sage_request row{};
  row.id = 77;
  row.payload = {payload.data(), payload.size()};
  CHECK(lab.bridge->submit({&row, 1}) == 1);
  CHECK(lab.submit(40) == 40);
  CHECK(lab.bridge->drain(20 * second_ns));
  CHECK(lab.host.wait_for_ends(41));
  CHECK(lab.host.duplicates() == 0);
  CHECK(lab.with_status(SAGE_DONE_OK) == 41);
  CHECK(lab.host.ends().contains(77));
}

TEST_CASE("the child is the driver, with the CPU time of the operators that it executes itself") {
  for (const bool executes : {true, false}) {
    Lab lab(executes ? "executes" : "delegates");
    CHECK(lab.submit(10) == 10);
    CHECK(lab.bridge->drain(20 * second_ns));
    const auto stats = lab.bridge->stats();
    CHECK(stats.operator_cpu_ns == (executes ? 10 * 7e6 : -1));
    // The interpreter, not its guard.
    std::ifstream words("/proc/" + std::to_string(stats.driver_pids.at(0)) + "/cmdline");
    const std::string command{std::istreambuf_iterator<char>(words), {}};
    CHECK(contains(command, CHILD));
    CHECK_FALSE(contains(command, GUARD));
    const auto spans = lab.host.spans(1);
    REQUIRE(spans.size() == 3);
    CHECK(spans[1].id == 1);
    CHECK(spans[1].begin_ns == 1);
    CHECK(spans[1].step == 1);
  }
}

TEST_CASE("what does not fit is not taken") {
  Lab lab("stops");
  CHECK(lab.submit(100) == 64);
  CHECK(lab.submit(1) == 0);
  CHECK_FALSE(lab.bridge->drain(50'000'000));
}

TEST_CASE("second outcomes and unknown requests reach the host's ledger") {
  Lab twice("twice");
  CHECK(twice.submit(3) == 3);
  CHECK(twice.bridge->drain(20 * second_ns));
  CHECK(twice.host.wait_for_ends(3));
  twice.bridge->close();
  CHECK(twice.host.duplicates() == 3);

  Lab unknown("unknown");
  CHECK(unknown.submit(3) == 3);
  CHECK(unknown.host.wait_for_ends(4));
}

TEST_CASE("a request that failed comes with its reason in the log") {
  Lab lab("fails_all");
  CHECK(lab.submit(3) == 3);
  CHECK(lab.host.wait_for_ends(3));
  CHECK(lab.with_status(SAGE_DONE_ERROR) == 3);
  CHECK(lab.host.logged("no luck") == 3);
}

TEST_CASE("the child has its own descriptors alone, whatever is open in the host") {
  const int leaking = open("/dev/null", O_RDONLY);  // without close-on-exec, as libraries do
  Lab lab("lists");
  CHECK(lab.submit(1) == 1);
  CHECK(lab.host.wait_for_ends(1));
  lab.bridge->close();
  lab.bridge.reset();
  close(leaking);
  CHECK(lab.host.logged("child: descriptors 0 1 2 3 alone") == 1);
}

TEST_CASE("control events are answered") {
  Lab lab("echoes");
  const sage_event event = {5, 0, sage::str("kill-worker"), sage::str("{}"), SAGE_EVENT_FAULT, 0, 0};
  lab.bridge->control(event);
  CHECK(lab.host.wait_for_event(5));
  CHECK(lab.host.logged("kill-worker") == 1);
}

TEST_CASE("frames that are wrong end the session, never the host") {
  CHECK(contains(broken_by("truncates"), "is shorter than a packet's header"));
  CHECK(contains(broken_by("many_spans"), "more spans than"));
  CHECK(contains(broken_by("fewer"), "fewer results than it says"));
}

TEST_CASE("JSON nested a million deep costs no stack") {
  Lab lab("nests");
  CHECK(lab.submit(3) == 3);
  CHECK(lab.host.wait_for_ends(3));
  CHECK(lab.with_status(SAGE_DONE_OK) == 3);
}

TEST_CASE("a child that dies is named with its signal") { CHECK(contains(broken_by("dies"), "was ended by SIGKILL")); }

TEST_CASE("a child that does not start well is explained") {
  CHECK(start_error("exits") == "child ended with exit code 7: no module named anything (while starting)");
  CHECK(contains(start_error("noise"), "no frame of the bridge's protocol"));
  CHECK(contains(start_error("other_version"), "version 9"));
  CHECK(contains(start_error("oversized"), "4294967295 bytes"));
  CHECK(contains(start_error("refuses"), "there is no such mode"));
  CHECK(contains(start_error("mute", second_ns / 2), "did not answer in time"));
}

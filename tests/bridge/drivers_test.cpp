#include "bridge/drivers.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/fake_host.hpp"
#include "bridge/child_config.hpp"

using namespace bridge;

namespace {

// Drivers that are each a child.py, which tells in a result's node which of them it was.
struct Lab {
  Lab(const std::string& how, size_t count, std::vector<bool> by_key = {}) {
    const auto config = child_config(how, 16);
    folder = config.program.folder;
    drivers.emplace(sage::Host(host.table()), config, sage::Json::object(), count, std::move(by_key));
  }
  ~Lab() {
    drivers.reset();
    CHECK_FALSE(std::filesystem::exists(folder));
  }
  // Numbers from `first` on; the host's ids are one more.
  size_t submit(size_t n, uint64_t first = 0) {
    std::vector<sage_request> rows(n);
    for (size_t i = 0; i < n; ++i) {
      rows[i].seq = first + i;
      rows[i].id = rows[i].seq + 1;
    }
    return drivers->submit(rows);
  }
  uint32_t driver_of(uint64_t seq) { return host.ends().at(seq + 1).row.node; }

  fake::Host host;
  std::string folder;
  std::optional<Drivers> drivers;
};

}  // namespace

TEST_CASE("requests are dealt among the drivers by number, each once") {
  Lab lab("marks", 3);
  CHECK(lab.submit(30) == 30);
  CHECK(lab.drivers->drain(20 * second_ns));
  CHECK(lab.host.wait_for_ends(30));
  CHECK(lab.host.duplicates() == 0);
  for (uint64_t seq = 0; seq < 30; ++seq) CHECK(lab.driver_of(seq) == seq % 3);
}

TEST_CASE("where a stage keeps state by key, a key's requests go through one driver") {
  Lab lab("marks", 2, {true});
  std::set<uint32_t> used;
  for (uint64_t key = 0; key < 8; ++key) {
    std::vector<sage_request> rows(2);
    for (uint64_t i = 0; i < 2; ++i) {
      rows[i].seq = 2 * key + i;
      rows[i].id = rows[i].seq + 1;
      rows[i].key = key;
    }
    CHECK(lab.drivers->submit(rows) == 2);
  }
  CHECK(lab.host.wait_for_ends(16));
  for (uint64_t key = 0; key < 8; ++key) {
    CHECK(lab.driver_of(2 * key) == lab.driver_of(2 * key + 1));
    used.insert(lab.driver_of(2 * key));
  }
  CHECK(used.size() == 2);
}

TEST_CASE("rows are taken in their order: one whose driver is full stops those behind it") {
  Lab lab("stops", 2);  // no driver ends anything
  CHECK(lab.submit(100) == 32);
  CHECK(lab.submit(1, 33) == 0);
  CHECK_FALSE(lab.drivers->drain(50'000'000));
}

TEST_CASE("what the first driver tells reaches all others, and their answers reach it") {
  Lab lab("tells", 3);
  const sage_event event = {5, 0, sage::str("kill-worker"), sage::str("{}"), SAGE_EVENT_FAULT, 0, 0};
  lab.drivers->control(event);
  CHECK(lab.host.wait_for_event(5));
  CHECK(lab.host.logged("kill-worker was heard by [1, 2]") == 1);
}

TEST_CASE("the others get what the first gives them to join, and only the first tells the record") {
  Lab lab("joins", 2);  // a driver that did not get it ends
  CHECK(lab.submit(2) == 2);
  CHECK(lab.host.wait_for_ends(2));
  CHECK(lab.host.metadata().at("runtime").at("driver_told") == 0);
  CHECK(lab.host.metadata().at("drivers") == 2);
  CHECK_FALSE(lab.host.metadata().contains("to_join"));
}

TEST_CASE("each driver is in the statistics, once") {
  Lab lab("marks", 2);
  std::set<uint32_t> pids;
  for (const auto& stats : lab.drivers->stats())
    for (const auto pid : stats.driver_pids) pids.insert(pid);
  CHECK(pids.size() == 2);
  CHECK_FALSE(pids.contains(0));
}

TEST_CASE("a driver that dies fails its own requests and the run; the others go on") {
  Lab lab("last_dies", 2);
  CHECK(lab.submit(10) == 10);
  CHECK(lab.host.wait_for_ends(10));
  for (uint64_t seq = 0; seq < 10; ++seq)
    CHECK(lab.host.ends().at(seq + 1).row.status == (seq % 2 == 0 ? SAGE_DONE_OK : SAGE_DONE_ERROR));
  CHECK(lab.submit(10, 10) == 10);  // not held back: it fails at once
  CHECK(lab.host.wait_for_ends(20));
  try {
    lab.drivers->drain(second_ns);
    FAIL("the drain did not say that a driver is gone");
  } catch (const sage::Failure& e) {
    CHECK(std::string(e.what()).find("(driver 1) was ended by SIGKILL") != std::string::npos);
  }
}

TEST_CASE("a driver that cannot join ends the start, and what was started") {
  try {
    const Lab lab("last_refuses", 3);
    FAIL("it started");
  } catch (const sage::Failure& e) {
    CHECK(std::string(e.what()).find("(driver 2): there is no room") != std::string::npos);
  }
}

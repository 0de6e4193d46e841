#include "records/run_id.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {
constexpr host::records::WallTime at{1795508342s + 123456us};  // 2026-11-24T08:19:02.123456Z
const std::string hash(64, 'a');
}  // namespace

TEST_CASE("a run id names workload, backend, time and configuration") {
  CHECK(host::records::make_run_id("Q6", "threads", at, hash) == "q6-threads-20261124T081902Z-aaaaaaaaaaaa");
  CHECK(host::records::make_run_id("Q6", "threads", at, hash, 2) == "q6-threads-20261124T081902Z-aaaaaaaaaaaa-r2");
}

TEST_CASE("a run id is always a file name") {
  CHECK(host::records::make_run_id("../Evil Name", "org.example.thing", at, hash) ==
        "..-evil-name-org.example.thing-20261124T081902Z-aaaaaaaaaaaa");
}

TEST_CASE("times are UTC, to the microsecond") {
  CHECK(host::records::utc_seconds(at) == "2026-11-24T08:19:02Z");
  CHECK(host::records::utc_iso8601(at) == "2026-11-24T08:19:02.123456+00:00");
}

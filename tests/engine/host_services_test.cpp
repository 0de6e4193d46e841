#include "engine/host_services.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>

#include "catalog/manifest.hpp"
#include "fake_run.hpp"
#include "records/result_json.hpp"

using namespace host;
using namespace host::engine;

namespace {

// The services as a plugin sees them.
struct Services {
  EngineConfig config;
  Clock clock{true};
  EventLog events;
  HostServices services{config, clock, events};

  uint32_t open(std::string_view name, std::string_view unit = "ms") const {
    const auto* table = services.table();
    return table->series(table->ctx, sage::str(name), sage::str(unit));
  }
  void emit(uint32_t series, double value) const {
    const sage_record row{.t_ns = 0, .id = 0, .value = value, .series = series, .reserved = 0};
    services.table()->emit(services.table()->ctx, &row, 1);
  }
  void say(std::string_view key, std::string_view value) const {
    const auto* table = services.table();
    const auto* extension =
        static_cast<const sage_metadata*>(table->get_extension(table->ctx, SAGE_METADATA_EXTENSION));
    extension->set(table->ctx, sage::str(key), sage::str(value));
  }
  [[nodiscard]] uint64_t left_out() const {
    const auto refused = services.refused();
    return refused.is_null() ? 0 : refused["count"].get<uint64_t>();
  }
  [[nodiscard]] nlohmann::ordered_json written(size_t series) const {
    records::RunResult result;
    result.cells.emplace(std::vector<std::string>{"run"}, std::vector<std::string>{"all"}, std::vector<std::string>{});
    result.series = services.series();
    return records::to_json(result)["series"][series];
  }
};

std::string quoted(size_t size) { return fmt::format("\"{}\"", std::string(size, 'x')); }
std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE_FIXTURE(Services, "a series without samples is null and says why") {
  open("queue");
  const auto json = written(0);
  for (const auto* value : {"mean", "min", "max", "last"}) CHECK(json[value].is_null());
  CHECK(json["reason"] == "no samples");
}

TEST_CASE_FIXTURE(Services, "samples that are no numbers are counted, and enter nothing else") {
  const auto queue = open("queue");
  emit(queue, std::numeric_limits<double>::quiet_NaN());
  CHECK(written(0)["mean"].is_null());
  CHECK(written(0)["reason"] == "none of 1 samples is a finite number");
  emit(queue, 3);
  emit(queue, std::numeric_limits<double>::infinity());
  emit(queue, 1);
  const auto json = written(0);
  CHECK(json["count"] == 2);
  CHECK(json["not_finite"] == 2);
  CHECK(json["mean"] == 2);
  CHECK(json["min"] == 1);
  CHECK(json["max"] == 3);
  CHECK(json["last"] == 1);
  CHECK_FALSE(json.contains("reason"));
  const auto vast = open("vast");
  for (int i = 0; i < 3; ++i) emit(vast, std::numeric_limits<double>::max());
  CHECK(written(1)["mean"] == std::numeric_limits<double>::max());
}

TEST_CASE_FIXTURE(Services, "a series that is refused is told") {
  CHECK(open("queue") == open("queue"));
  CHECK(left_out() == 0);
  CHECK(open("queue", "s") == UINT32_MAX);
  CHECK(services.refused()["first"] == "series 'queue' is left out: it has the unit 'ms' already");
  CHECK(open("") == UINT32_MAX);
  CHECK(open(std::string(300, 'x')) == UINT32_MAX);
  CHECK(left_out() == 3);
  for (int i = 1; i < 4096; ++i) CHECK(open(fmt::format("s{}", i)) != UINT32_MAX);
  CHECK(open("one too many") == UINT32_MAX);
  CHECK(left_out() == 4);
  emit(UINT32_MAX, 1);  // goes nowhere
}

TEST_CASE_FIXTURE(Services, "metadata is bounded in depth, size and number") {
  say("deep", nested(48));
  CHECK(left_out() == 0);
  say("deeper", nested(49));
  say("deepest", nested(1'000'000).substr(0, 1'000'000));
  say("none", "{");
  say("twice", R"({"a":1,"a":2})");
  say("", "1");
  say("large", quoted(1 << 20));
  CHECK(left_out() == 6);
  CHECK(services.metadata().size() == 1);
  for (int i = 1; i < 256; ++i) say(fmt::format("k{}", i), "1");
  CHECK(left_out() == 6);
  say("one too many", "1");
  CHECK(left_out() == 7);
  say("k1", "2");
  CHECK(services.metadata()["k1"] == 2);
  for (int i = 0; i < 20; ++i) say("k1", quoted(100'000));  // replaced, and counted
  CHECK(left_out() > 7);
}

TEST_CASE("the log of a run has an end") {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("host_services_test-{}.log", getpid());
  std::filesystem::remove(file);
  {
    EngineConfig config;
    config.log_file = file;
    const Clock clock{true};
    EventLog events;
    HostServices services{config, clock, events};
    for (int i = 0; i < 40; ++i) services.log(SAGE_LOG_INFO, std::string(500'000, 'x'));
    services.log(SAGE_LOG_INFO, "one more");
  }
  CHECK(std::filesystem::file_size(file) < (16 << 20) + 1000);
  CHECK(std::filesystem::file_size(file) > 15'000'000);
  std::filesystem::remove(file);
}

TEST_CASE_FIXTURE(Services, "texts of failures are counted, however many there are") {
  const auto* table = services.table();
  const auto fail = [&](const std::string& text) { table->fail(table->ctx, sage::str(text)); };
  CHECK(services.failures().empty());
  for (int i = 0; i < 3; ++i) fail("no\nmodel");
  for (int i = 0; i < 100; ++i) fail(fmt::format("request {}", i));
  const auto failures = services.failures();
  REQUIRE(failures.size() == 11);
  CHECK(failures[0].text == "others");
  CHECK(failures[0].count == 91);
  CHECK(failures[1].text == "no model");
  CHECK(failures[1].count == 3);
  take_failure_text();
}

// Clang's sanitizer needs a descriptor to look at an object.
#if defined(__clang__)
constexpr bool sanitized = __has_feature(undefined_behavior_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// A thread's first completion needs a lane, and a lane a descriptor. No exception of the host's may reach the plugin.
TEST_CASE_FIXTURE(FakeRun,
                  "a service that cannot do its work fails the run, and not the plugin" * doctest::skip(sanitized)) {
  open();
  auto row = send(0);
  auto& services = session->services;
  CHECK_NOTHROW(services.check());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  std::thread([&] {
    sage_completion done{};
    done.id = row.id;
    services.table()->complete(services.table()->ctx, &done, 1);
  }).join();
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK_THROWS_WITH_AS(services.check(), doctest::Contains("Too many open files"), base::Error);
}

TEST_CASE_FIXTURE(Services, "each extension that manifests may require is there, and no other") {
  const auto* table = services.table();
  for (const auto& id : catalog::host_extensions) {
    INFO(id);
    CHECK(table->get_extension(table->ctx, id.c_str()) != nullptr);
  }
  CHECK(table->get_extension(table->ctx, "sage.metadata/2") == nullptr);
  CHECK(table->get_extension(table->ctx, nullptr) == nullptr);
}

TEST_CASE_FIXTURE(Services, "errors of requests are counted by text and code") {
  const auto* table = services.table();
  const auto* errors = static_cast<const sage_errors*>(table->get_extension(table->ctx, SAGE_ERROR_EXTENSION));
  std::array<sage_error, 4> rows{};
  rows[0].text = sage::str("too many requests");
  rows[0].code = 429;
  rows[1] = rows[0];
  rows[2].code = 500;
  errors->tell(table->ctx, rows.data(), rows.size());
  const auto failures = services.failures();
  REQUIRE(failures.size() == 3);
  CHECK(failures[0].text == "too many requests (code 429)");
  CHECK(failures[0].count == 2);
  CHECK(failures[1].text == "code 500");
  CHECK(failures[2].text == "an error without a text");
}

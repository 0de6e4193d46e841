#include <doctest/doctest.h>

#include <chrono>
#include <mutex>

#include "lab.hpp"

namespace {

std::string refusal(const sage::Json& options, const std::string& scheduler = "default") {
  try {
    lab::Lab lab({.description = lab::one_stage(1e6), .options = options, .scheduler = scheduler});
  } catch (const sage::Failure& e) {
    CHECK(e.status() == SAGE_INVALID);
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a wrong option is refused by name, with what would be right") {
  CHECK(refusal(sage::Json::object()) == "accepted");
  CHECK(refusal({{"clock", "sundial"}}) == "mock: option 'clock' is 'sundial'; use virtual or real");
  CHECK(refusal({{"on_full", "drop"}}) == "mock: option 'on_full' is 'drop'; use wait or reject");
  CHECK(refusal({{"service", "gaussian"}}).find("'gaussian'; use model, constant") != std::string::npos);
  CHECK(refusal({{"service", "hyperexponential"}, {"service_cv", 0.5}}).find("service_cv") != std::string::npos);
  CHECK(refusal({{"node_speeds", "1,zero"}}).find("node_speeds") != std::string::npos);
  CHECK(refusal({{"node_speeds", "1,,2"}}).find("node_speeds") != std::string::npos);
  CHECK(refusal({{"node_speeds", "0"}}).find("node_speeds") != std::string::npos);
  CHECK(refusal({{"queue_capacity", -1}}).find("queue_capacity") != std::string::npos);
  CHECK(refusal({{"operators", true}}).find("operators = false") != std::string::npos);
}

TEST_CASE("a scheduler that the model does not have is refused with those it has") {
  for (const auto* known : {"default", "fifo", "priority", "slo_aware", "hybrid", "load_aware"})
    CHECK(refusal(sage::Json::object(), known) == "accepted");
  CHECK(refusal(sage::Json::object(), "lottery") ==
        "mock: scheduler is 'lottery'; this backend has default (fifo), fifo, priority, slo_aware, hybrid and "
        "load_aware");
}

TEST_CASE("a pipeline that is not a DAG with one end is refused") {
  const auto refused = [](std::vector<sage::StepSpec> steps) {
    auto description = lab::one_stage(1e6);
    description.pipelines = {{"odd", std::move(steps)}};
    CHECK_THROWS_AS(lab::Lab({.description = description}), sage::Failure);
  };
  refused({});
  refused({{1, {}}});           // no such stage
  refused({{0, {0}}});          // takes its own output
  refused({{0, {}}, {0, {}}});  // two ends
}

TEST_CASE("a request for a pipeline that does not exist is refused, those before it are taken") {
  lab::Lab lab({.description = lab::one_stage(1e6)});
  std::vector<sage_request> rows = {lab::request(0), lab::request(1)};
  rows[1].pipeline = 7;
  CHECK(lab.backend().submit(rows) == 1);
  CHECK_THROWS_AS(lab.try_offer(rows[1]), sage::Failure);
}

TEST_CASE("in real time the model is played by the host's clock") {
  // The only test with a thread: it shows that everything ends and is stamped in order, not how long it takes.
  struct RealHost {
    std::mutex mutex;
    std::vector<sage_completion> ended;
  } real;
  sage_host host{};
  host.struct_size = sizeof(host);
  host.ctx = &real;
  host.now_ns = [](void*) -> int64_t { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  host.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
    auto& self = *static_cast<RealHost*>(ctx);
    const std::lock_guard lock(self.mutex);
    self.ended.insert(self.ended.end(), rows, rows + n);
  };
  host.spans = [](void*, const sage_span*, uint64_t) {};
  const auto description = lab::one_stage(200e3);
  const sage::detail::DescriptionTables tables(description);
  sage_run run{};
  run.struct_size = sizeof(run);
  run.nodes = 2;
  run.parallelism = 2;
  run.scheduler = sage::str("default");
  run.stages = tables.stage_pointers.data();
  run.n_stages = 1;
  run.pipelines = tables.pipeline_pointers.data();
  run.n_pipelines = 1;

  mock::Backend backend(sage::Host(&host), "mock", {{"clock", "real"}});
  backend.open(run);
  std::vector<sage_request> rows;
  for (uint64_t seq = 0; seq < 50; ++seq) rows.push_back(lab::request(seq));
  CHECK(backend.submit(rows) == 50);
  CHECK(backend.drain(60 * lab::s));
  CHECK_THROWS_AS(backend.advance(0), sage::Failure);
  backend.close();
  REQUIRE(real.ended.size() == 50);
  int64_t before_ns = 0;
  for (const auto& row : real.ended) {
    CHECK(row.status == SAGE_DONE_OK);
    CHECK(row.at_ns - row.begun_ns >= 200 * lab::us);
    CHECK(row.at_ns >= before_ns);
    before_ns = row.at_ns;
  }
}

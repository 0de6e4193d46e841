#include "writers/summary_table.hpp"

#include <doctest/doctest.h>

#include "writers/sample_run.hpp"

TEST_CASE("a run's summary") {
  auto result = sample::result();
  result.stages.push_back({"apply", {}, {}});
  result.stages[0].wait.record(500'000, 1478);
  result.stages[0].service.record(2 * sample::ms, 1478);
  CHECK(host::writers::summary_table(sample::info(), result) ==
        R"(q6-threads-20261124T081902Z-0123456789ab
Q6 x threads: ok, window 20.0 s, seed 42, 1 node, parallelism 2, scheduler default

         offered  offered/s  ok/s  p50 ms  p95 ms  p99 ms   SLO met  error  timeout
total       1400       70.0  69.9    10.0    10.0    10.0   92.85 %      0        2
  chat      1000       50.0  50.0    10.0    10.0    10.0  100.00 %      0        0
  embed      400       20.0  19.9    2.00    2.00     n/a   75.00 %      0        2

stage  executions  wait p50 ms  wait p99 ms  service p50 ms  service p99 ms
apply        1478        0.500        0.500            2.00            2.00

ledger: 1480 offered (80 warm-up) = 1478 ok + 2 timeout; 0 duplicate; 0 unexpected
generator: late by p50 500 ns, p99 500 ns, p99.9 500 ns; budget of p99 1.00 ms
verdict: pass (1478 passed, 0 wrong, 2 unchecked)
what the workload reports
  aborts       3
  conserved  yes
)");
}

TEST_CASE("isolation, disturbances and what is of the whole run have their place where there is any") {
  auto result = sample::result();
  host::records::EventRecord kill;
  kill.kind = "fault";
  kill.target = "kill-worker";
  kill.status = "done";
  kill.confirmed_s = 0.1;
  kill.metrics = {host::metrics::measured("recovery_time", 2.5), host::metrics::measured("downtime", 0.25),
                  host::metrics::measured("goodput_deficit", 12), host::metrics::measured("failed_requests", 3)};
  result.events = {kill};
  result.over_time = {host::metrics::measured("availability", 0.9), host::metrics::missing("p99_drift", "short")};
  const auto text = host::writers::summary_table(sample::info(), result);
  CHECK(text.find(
            "disturbance        events  refused  censored  recovery s  done in s  silent max s  deficit  failed\n"
            "fault kill-worker       1        0         0         2.5                     0.25       12       3\n") !=
        std::string::npos);
  CHECK(text.find("\nrun: availability 0.9, MTTR 2.5 s\nledger:") != std::string::npos);
  CHECK(text.find("isolation") == std::string::npos);

  result.phase_windows = {{"solo:a", 10}, {"shared", 10}};
  result.cells.emplace(std::vector<std::string>{"solo:a", "shared"}, std::vector<std::string>{"chat"},
                       std::vector<std::string>{"a", "b"});
  CHECK(host::writers::summary_table(sample::info(), result).find("\nphase shared  n/a") != std::string::npos);
}

TEST_CASE("of several nodes each has its row, of many a line says who served nothing") {
  auto result = sample::result();
  result.nodes = {{.node = 0, .busy_s = 2.5, .capacity = 4, .requests = 1398, .share = 1}};
  CHECK(host::writers::summary_table(sample::info(), result).find("\nnode") == std::string::npos);
  result.nodes.push_back({.node = 1, .requests = 0, .share = 0});
  CHECK(host::writers::summary_table(sample::info(), result)
            .find("\nnode              requests     share  busy s  capacity\n"
                  "0                     1398  100.00 %     2.5         4\n"
                  "1 served nothing         0    0.00 %     n/a       n/a\n") != std::string::npos);
  for (uint32_t node = 2; node < 20; ++node) result.nodes.push_back({.node = node, .requests = node % 17});
  CHECK(host::writers::summary_table(sample::info(), result)
            .find("\nnodes: 20 nodes served 0 to 1398 requests each; none: node 1, 17\n") != std::string::npos);
}

TEST_CASE("an invalid run says so in capitals, with the reason") {
  auto result = sample::result();
  result.status = host::records::RunStatus::invalid;
  result.reasons = {"the generator was late: p99 5 ms, budget 1 ms; lower --rate"};
  result.lateness.record(5 * sample::ms, 1000);
  const auto text = host::writers::summary_table(sample::info(), result);
  CHECK(text.find("\nINVALID: the generator was late: p99 5 ms, budget 1 ms; lower --rate\n") != std::string::npos);
  CHECK(text.find("budget of p99 1.00 ms EXCEEDED\n") != std::string::npos);
}

TEST_CASE("a noisy run says so in one line, and stays ok") {
  auto result = sample::result();
  result.noise = {{"noisy", false}, {"reasons", nlohmann::json::array()}};
  CHECK(host::writers::summary_table(sample::info(), result).find("noisy") == std::string::npos);
  result.noise = {{"noisy", true}, {"reasons", {"steal 3.1 %", "other processes 9.0 %"}}};
  CHECK(host::writers::summary_table(sample::info(), result).find("x threads: ok,") != std::string::npos);
  CHECK(host::writers::summary_table(sample::info(), result).find("\nnoisy: steal 3.1 %; other processes 9.0 %\n\n") !=
        std::string::npos);
}

TEST_CASE("a run that its driver limited says so in one line, and stays ok") {
  auto result = sample::result();
  result.harness_share = {{"limited_by_driver", false}, {"limit", nullptr}};
  CHECK(host::writers::summary_table(sample::info(), result).find("limited") == std::string::npos);
  result.harness_share = {{"limited_by_driver", true}, {"limit", "the driver's busiest thread used 97 % of a core"}};
  CHECK(host::writers::summary_table(sample::info(), result).find("x threads: ok,") != std::string::npos);
  CHECK(host::writers::summary_table(sample::info(), result)
            .find("\nlimited by its driver: the driver's busiest thread used 97 % of a core: the rate is that of one "
                  "process\n\n") != std::string::npos);
}

TEST_CASE("a ledger that does not balance is told") {
  auto result = sample::result();
  result.ledger.outcomes[0] = 1477;
  CHECK(host::writers::summary_table(sample::info(), result)
            .find("ledger: 1480 offered (80 warm-up) DIFFERS FROM 1477 ok + 2 timeout") != std::string::npos);
}

TEST_CASE("phases, tenants, first tokens and rare outcomes have rows and columns where there are any") {
  auto result = sample::result();
  CHECK(host::writers::summary_table(sample::info(), result).find("ttft") == std::string::npos);
  CHECK(host::writers::summary_table(sample::info(), result).find("phase ") == std::string::npos);
  result.phase_windows = {{"calm", 10}, {"burst", 10}};
  result.cells.emplace(std::vector<std::string>{"calm", "burst"}, std::vector<std::string>{"chat", "embed"},
                       std::vector<std::string>{"a", "b"});
  result.cells->at(1, 0, 0).offered = 1;
  result.cells->at(1, 0, 0).outcomes[5] = 1;
  result.cells->at(0, 0, 1).ttft.record(sample::ms);
  const auto text = host::writers::summary_table(sample::info(), result);
  for (const auto* part : {"phase calm", "phase burst", "tenant b", "ttft p99", "other"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
}

TEST_CASE("an empty run is n/a, not 0") {
  const auto text = host::writers::summary_table(sample::info(), host::records::RunResult{});
  CHECK(text.find("total        0        n/a   n/a     n/a     n/a     n/a      n/a      0        0\n") !=
        std::string::npos);
  CHECK(text.find("generator: sent nothing\n") != std::string::npos);
  CHECK(text.find("verdict: unchecked") != std::string::npos);
}

TEST_CASE("a workload's report is a table: names in words, what is 0 in one line") {
  auto result = sample::result();
  result.report = {{"final_state_digest", 94597},
                   {"transfers", 0},
                   {"aborted_over_limit", 0},
                   {"order_dependent", false},
                   {"tenants", {{"a", 1}}}};
  const auto text = host::writers::summary_table(sample::info(), result);
  CHECK(
      text.ends_with("\nwhat the workload reports\n"
                     "  final state digest  94597\n"
                     "  order dependent        no\n"
                     "  0: aborted over limit, transfers\n"));
}

TEST_CASE("the writer names the files that lie beside it") {
  const sample::Folder folder("summary");
  std::ofstream(folder / "b.csv").close();
  std::ofstream(folder / "a.jsonl").close();
  auto* out = std::fopen((folder / "screen").c_str(), "w");
  REQUIRE(out != nullptr);
  host::writers::SummaryTable writer(out, folder.path());
  writer.finish(sample::info(), sample::result());
  std::fclose(out);
  CHECK(sample::text_of(folder / "screen")
            .ends_with("folder: " + folder.path().string() + "\nfiles: a.jsonl, b.csv, screen\n"));
}

// A small run for the writers to write, and a folder for them to write to.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "records/rows.hpp"

namespace sample {

inline constexpr int64_t ms = 1'000'000;

// A fresh folder, removed with all it holds.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(std::filesystem::temp_directory_path() / ("sage-" + name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline host::records::RunInfo info() {
  host::records::RunInfo info;
  info.run_id = "q6-threads-20261124T081902Z-0123456789ab";
  info.workload = "Q6";
  info.backend = "threads";
  info.seed = 42;
  info.nodes = 1;
  info.parallelism = 2;
  info.scheduler = "default";
  info.clock = "virtual";
  info.config = {{"seed", 42}};
  info.config_hash = std::string(64, 'c');
  info.backend_hash = std::string(64, 'b');
  info.classes = {"chat", "embed"};
  info.tenants = {"default"};
  info.phases = {"run"};
  info.started_at = "2026-11-24T08:19:02.000000+00:00";
  info.expected_requests = 1400;
  return info;
}

// 1400 requests in 20 s after 80 of warm-up: 1000 chat of 10 ms, 398 embed of 2 ms, 2 embed timed out.
inline host::records::RunResult result() {
  host::records::RunResult result;
  result.window_s = 20;
  result.phase_windows = {{"run", 20}};
  result.cells.emplace(std::vector<std::string>{"run"}, std::vector<std::string>{"chat", "embed"},
                       std::vector<std::string>{"default"});
  auto& chat = result.cells->at(0, 0, 0);
  chat.offered = chat.outcomes[0] = chat.ok_in_window = chat.slo_met = chat.slo_in_window = 1000;
  chat.response.record(10 * ms, 1000);
  auto& embed = result.cells->at(0, 1, 0);
  embed.offered = 400;
  embed.outcomes[0] = embed.ok_in_window = 398;
  embed.outcomes[2] = 2;
  embed.slo_met = embed.slo_in_window = 300;
  embed.response.record(2 * ms, 398);
  result.ledger.offered = 1480;
  result.ledger.warmup = 80;
  result.ledger.outcomes = {1478, 0, 2, 0, 0, 0};
  result.ledger.passed = 1478;
  result.ledger.unchecked = 2;
  result.lateness.record(500, 10'000);
  result.lateness_budget_ns = ms;
  result.achieved_rate = 70;
  result.verdict = "pass";
  result.report = {{"aborts", 3}, {"conserved", true}, {"per_account", {1, 2}}};
  return result;
}

inline host::records::RequestRow row(uint64_t seq) {
  host::records::RequestRow row;
  row.seq = seq;
  row.due_ns = static_cast<int64_t>(seq) * 1'000'000;
  row.sent_ns = row.due_ns + 50;
  row.begun_ns = row.due_ns + 1'000;
  row.done_ns = row.due_ns + 2'000'000;
  row.digest = seq * 0x9e3779b97f4a7c15ULL;
  row.class_id = static_cast<uint8_t>(seq % 2);
  row.units = 7;
  return row;
}

}  // namespace sample

// What the request streams cost: rows/s of requests.bin and of records.jsonl, written from one thread in the batches of
// 64 in which the engine hands rows over, an interval's flush every 100,000 rows. Not a test: figures are for a person.
//   writers_bench [folder] [rows]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "writers/jsonl_writer.hpp"
#include "writers/request_log.hpp"

namespace {

constexpr size_t batch = 64;
constexpr int repetitions = 5;

std::vector<host::records::RequestRow> sample_rows() {
  std::vector<host::records::RequestRow> rows(65'536);
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    row.seq = 1'000'000 + i;
    row.due_ns = 100'000'000'000 + static_cast<int64_t>(i) * 10'000;
    row.sent_ns = row.due_ns + 50;
    row.begun_ns = row.due_ns + 8'000;
    row.first_ns = row.due_ns + 500'000;
    row.done_ns = row.due_ns + 2'000'000;
    row.digest = (i + 1) * 0x9e3779b97f4a7c15ULL;
    row.class_id = static_cast<uint8_t>(i % 2);
    row.units = 128;
  }
  return rows;
}

struct Cost {
  double wall_s = 1e9;
  double cpu_s = 1e9;
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Cost cost_of_writing(host::records::Writer& writer, size_t rows) {
  static const auto sample = sample_rows();
  host::records::RunInfo info;
  info.classes = {"chat", "embedding"};
  info.tenants = {"default"};
  const host::records::RunResult result;
  const auto begin = std::chrono::steady_clock::now();
  const auto cpu_begin = cpu_seconds();
  writer.begin(info);
  for (size_t done = 0; done < rows; done += batch) {
    writer.take(std::span(sample).subspan(done % sample.size(), batch));
    if (done % 100'000 < batch) writer.take(host::records::Interval{});
  }
  writer.finish(info, result);
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), cpu_seconds() - cpu_begin};
}

template <class Make>
void measure(const char* name, const std::filesystem::path& file, size_t rows, Make make) {
  Cost best;
  uintmax_t bytes = 0;
  for (int i = 0; i < repetitions; ++i) {
    std::filesystem::remove(file);  // truncating a big old file would be counted too
    auto writer = make();
    const auto cost = cost_of_writing(*writer, rows);
    best = {std::min(best.wall_s, cost.wall_s), std::min(best.cpu_s, cost.cpu_s)};
    bytes = std::filesystem::file_size(file);
  }
  std::filesystem::remove(file);
  const auto n = static_cast<double>(rows);
  std::printf("%-14s %6.2f M rows/s  %6.1f ns/row  %6.1f ns/row of CPU  %4.0f bytes/row  (best of %d, %zu rows)\n",
              name, n / best.wall_s / 1e6, best.wall_s / n * 1e9, best.cpu_s / n * 1e9, static_cast<double>(bytes) / n,
              repetitions, rows);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const size_t rows = (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000'000) / batch * batch;
  measure("requests.bin", folder / "bench.bin", rows,
          [&] { return std::make_unique<host::writers::RequestLogWriter>(folder / "bench.bin"); });
  measure("records.jsonl", folder / "bench.jsonl", rows,
          [&] { return std::make_unique<host::writers::JsonlWriter>(folder / "bench.jsonl", true); });
  return 0;
} catch (const host::base::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.code());
}

#include "writers/request_log.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "writers/sample_run.hpp"

namespace {

std::vector<host::records::RequestRow> some_rows(uint64_t n) {
  std::vector<host::records::RequestRow> rows;
  for (uint64_t seq = 0; seq < n; ++seq) rows.push_back(sample::row(seq));
  return rows;
}

void write_log(const std::filesystem::path& file, const std::vector<host::records::RequestRow>& rows) {
  host::writers::RequestLogWriter writer(file);
  writer.begin(sample::info());
  writer.take(rows);
  auto result = sample::result();
  result.ledger.log_dropped = 5;
  writer.finish(sample::info(), result);
}

}  // namespace

TEST_CASE("rows come back as they were written, with the log's counts") {
  const sample::Folder folder("log");
  const auto rows = some_rows(10'000);
  write_log(folder / "requests.bin", rows);
  CHECK(std::filesystem::file_size(folder / "requests.bin") == 64 * 10'001);
  std::vector<host::records::RequestRow> found;
  const auto header = host::writers::read_request_log(
      folder / "requests.bin",
      [&](std::span<const host::records::RequestRow> block) { found.insert(found.end(), block.begin(), block.end()); });
  CHECK(header.rows == 10'000);
  CHECK(header.dropped == 5);
  CHECK(header.seed == 42);
  REQUIRE(found.size() == rows.size());
  CHECK(std::memcmp(found.data(), rows.data(), rows.size() * sizeof(host::records::RequestRow)) == 0);
}

TEST_CASE("a log that was cut off is read to its last whole row") {
  const sample::Folder folder("log");
  write_log(folder / "requests.bin", some_rows(100));
  std::filesystem::resize_file(folder / "requests.bin", 64 + 64 * 40 + 63);
  uint64_t rows = 0;
  const auto header =
      host::writers::read_request_log(folder / "requests.bin", [&](auto block) { rows += block.size(); });
  CHECK(rows == 40);
  CHECK(header.rows == 40);
}

TEST_CASE("an empty run makes an empty log") {
  const sample::Folder folder("log");
  write_log(folder / "requests.bin", {});
  CHECK(host::writers::read_request_log(folder / "requests.bin", [](auto) { FAIL("no row was written"); }).rows == 0);
}

TEST_CASE("another file, or another version, is refused") {
  const sample::Folder folder("log");
  std::ofstream(folder / "other") << std::string(200, 'x');
  const auto ignore = [](std::span<const host::records::RequestRow>) {};
  CHECK_THROWS_WITH_AS(host::writers::read_request_log(folder / "other", ignore),
                       doctest::Contains("is not a request log"), host::base::Error);
  CHECK_THROWS_WITH_AS(host::writers::read_request_log(folder / "missing", ignore),
                       doctest::Contains("is not a request log"), host::base::Error);
  host::writers::RequestLogHeader header;
  header.version = 2;
  std::ofstream(folder / "newer", std::ios::binary).write(reinterpret_cast<const char*>(&header), sizeof header);
  CHECK_THROWS_WITH_AS(host::writers::read_request_log(folder / "newer", ignore), doctest::Contains("version 2"),
                       host::base::Error);
}

TEST_CASE("a log converts to request lines") {
  const sample::Folder folder("log");
  write_log(folder / "requests.bin", some_rows(1000));
  host::writers::convert_request_log(folder / "requests.bin", folder / "requests.jsonl", {"chat", "embed"},
                                     {"default"});
  const auto lines = sample::lines_of(folder / "requests.jsonl");
  REQUIRE(lines.size() == 1000);
  const auto last = nlohmann::json::parse(lines[999]);
  CHECK(last["seq"] == 999);
  CHECK(last["class"] == "embed");
  CHECK(last["due_ns"] == 999'000'000);
}

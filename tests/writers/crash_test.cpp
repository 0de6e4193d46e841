// What is left of the streams when their writer is killed, or the disk is full.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <csignal>
#include <fstream>

#include "base/error.hpp"
#include "base/output_file.hpp"
#include "writers/jsonl_writer.hpp"
#include "writers/request_log.hpp"
#include "writers/sample_run.hpp"

namespace {

// Runs `work` in a child process and kills it once the file has grown to `bytes`.
template <class Work>
void kill_at(const std::filesystem::path& file, uint64_t bytes, Work&& work) {
  const auto child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  std::error_code not_there_yet;
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    const auto size = std::filesystem::file_size(file, not_there_yet);
    if (!not_there_yet && size >= bytes) break;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// Rows until killed; at most a few hundred MB should the kill never come.
void write_rows(host::records::Writer& writer) {
  writer.begin(sample::info());
  std::vector<host::records::RequestRow> rows(64);
  for (uint64_t seq = 0; seq < 1'000'000; ++seq) {
    rows[seq % rows.size()] = sample::row(seq);
    if (seq % rows.size() == rows.size() - 1) writer.take(rows);
    if (seq % 5000 == 0) writer.take(host::records::Interval{});
  }
}

// The file may grow to `bytes`; the write that would pass it fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

}  // namespace

TEST_CASE("every line parses after a kill -9 at any moment") {
  const sample::Folder folder("kill-jsonl");
  const auto file = folder / "records.jsonl";
  const sage::Draw draw(42, "kill");
  for (uint64_t n = 0; n < 15; ++n) {
    std::filesystem::remove(file);
    kill_at(file, draw.integer(n, 1, 6'000'000), [&] {
      host::writers::JsonlWriter writer(file, true);
      write_rows(writer);
    });
    uint64_t requests = 0;
    uint64_t torn = 0;
    uint64_t out_of_order = 0;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      if (in.eof() && line.find_first_not_of(' ') == std::string::npos)
        continue;  // filling before a line that never came
      const auto json = nlohmann::json::parse(line, nullptr, false);
      torn += json.is_discarded() ? 1 : 0;
      if (!json.is_discarded() && json["type"] == "request") out_of_order += json["seq"] == requests++ ? 0 : 1;
    }
    CHECK(torn == 0);
    CHECK(out_of_order == 0);
  }
}

TEST_CASE("a request log is whole up to its last row after a kill -9") {
  const sample::Folder folder("kill-log");
  const auto file = folder / "requests.bin";
  const sage::Draw draw(43, "kill");
  for (uint64_t n = 0; n < 10; ++n) {
    std::filesystem::remove(file);
    kill_at(file, draw.integer(n, 64, 6'000'000), [&] {
      host::writers::RequestLogWriter writer(file);
      write_rows(writer);
    });
    CHECK(std::filesystem::file_size(file) % 64 == 0);
    uint64_t next = 0;
    uint64_t out_of_order = 0;
    const auto header = host::writers::read_request_log(file, [&](std::span<const host::records::RequestRow> rows) {
      for (const auto& row : rows) out_of_order += row.seq == next++ ? 0 : 1;
    });
    CHECK(out_of_order == 0);
    CHECK(header.rows == next);
  }
}

TEST_CASE("a line that has no room leaves nothing of it") {
  const sample::Folder folder("no-room");
  const auto file = folder / "run.log";
  host::base::append_line(file, "first");
  {
    const FileSizeLimit limit(10);
    CHECK_THROWS_AS(host::base::append_line(file, "of which a part would fit"), host::base::Error);
  }
  CHECK(std::filesystem::file_size(file) == 6);
  host::base::append_line(file, "second");
  std::ifstream in(file);
  std::string first, second;
  CHECK((std::getline(in, first) && std::getline(in, second)));
  CHECK((first == "first" && second == "second"));
}

TEST_CASE("what a killed process left of a replacement is removed, and nothing else") {
  const sample::Folder folder("temporary");
  std::filesystem::create_directories(folder / "deep/.sage-host-folder");
  for (const auto* name : {"deep/.sage-host-0123456789abcdef", "deep/notes", ".sage-host.toml"})
    std::ofstream(folder / name) << "x";
  std::filesystem::create_symlink("deep/notes", folder / ".sage-host-link");
  host::base::remove_temporary(folder.path());
  CHECK_FALSE(std::filesystem::exists(folder / "deep/.sage-host-0123456789abcdef"));
  for (const auto* name : {"deep/.sage-host-folder", "deep/notes", ".sage-host.toml", ".sage-host-link"})
    CHECK(std::filesystem::exists(folder / name));
}

TEST_CASE("a full disk is told with path, reason and remedy") {
  host::writers::JsonlWriter writer("/dev/full", true);
  CHECK_THROWS_WITH_AS(writer.begin(sample::info()),
                       "/dev/full: cannot be written: No space left on device; free some space or choose another "
                       "--output-dir",
                       host::base::Error);
  host::writers::RequestLogWriter log("/dev/full");
  CHECK_THROWS_WITH_AS(log.begin(sample::info()), doctest::Contains("No space left on device"), host::base::Error);
}

TEST_CASE("after a write that failed, whole lines and rows are left") {
  const sample::Folder folder("full-disk");
  {
    const FileSizeLimit limit(300'001);
    host::writers::JsonlWriter writer(folder / "records.jsonl", true);
    host::writers::RequestLogWriter log(folder / "requests.bin");
    CHECK_THROWS_WITH_AS(write_rows(writer), doctest::Contains("File too large"), host::base::Error);
    CHECK_THROWS_WITH_AS(write_rows(log), doctest::Contains("File too large"), host::base::Error);
  }
  const auto lines = sample::lines_of(folder / "records.jsonl");
  CHECK(lines.size() > 1000);
  for (const auto& line : lines) CHECK_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded());
  CHECK(sample::text_of(folder / "records.jsonl").back() == '\n');
  CHECK(std::filesystem::file_size(folder / "requests.bin") % 64 == 0);
}

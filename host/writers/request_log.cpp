#include "writers/request_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <fstream>

#include "base/input_file.hpp"
#include "writers/line_file.hpp"
#include "writers/request_line.hpp"

namespace host::writers {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are written as they lie in memory");

template <class T>
std::string_view bytes_of(const T* first, size_t n) {
  return {reinterpret_cast<const char*>(first), n * sizeof(T)};
}

}  // namespace

RequestLogWriter::RequestLogWriter(const std::filesystem::path& file)
    : file_(file), sync_(file_.fd()), rows_(std::make_unique<records::RequestRow[]>(block_rows)) {}

void RequestLogWriter::begin(const records::RunInfo& info) {
  header_.seed = info.seed;
  header_.t0_unix_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  file_.write(bytes_of(&header_, 1));
}

void RequestLogWriter::take(const records::Interval& /*interval*/) { flush(); }

void RequestLogWriter::take(std::span<const records::RequestRow> rows) {
  while (!rows.empty()) {
    const auto n = std::min(rows.size(), block_rows - used_);
    std::memcpy(rows_.get() + used_, rows.data(), n * sizeof(records::RequestRow));
    used_ += n;
    rows = rows.subspan(n);
    if (used_ == block_rows) flush();
  }
}

void RequestLogWriter::flush() {
  try {
    file_.write(bytes_of(rows_.get(), std::exchange(used_, 0)));  // 64 divides the page: a kill leaves whole rows
  } catch (const base::Error&) {
    file_.try_truncate(file_.size() - file_.size() % sizeof(records::RequestRow));  // and so does a full disk
    throw;
  }
}

void RequestLogWriter::finish(const records::RunInfo& /*info*/, const records::RunResult& result) {
  flush();
  header_.rows = (file_.size() - sizeof header_) / sizeof(records::RequestRow);
  header_.dropped = result.ledger.log_dropped;
  file_.write_at(0, bytes_of(&header_, 1));
  file_.sync();
  file_.close();
}

RequestLogHeader read_request_log(const std::filesystem::path& file,
                                  const std::function<void(std::span<const records::RequestRow>)>& take) {
  auto in = base::open_input(file);
  RequestLogHeader header;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  const RequestLogHeader expected;
  if (!in || header.magic != expected.magic)
    throw base::Error(base::Exit::failed,
                      fmt::format("{}: is not a request log; give the requests.bin of a run", file.string()));
  if (header.version != expected.version || header.row_size != expected.row_size ||
      header.header_size != expected.header_size)
    throw base::Error(base::Exit::failed,
                      fmt::format("{}: is a request log of version {}, this program reads version {}; read it "
                                  "with the version that wrote it",
                                  file.string(), header.version, expected.version));
  std::vector<records::RequestRow> block(4096);
  header.rows = 0;
  while (in) {
    in.read(reinterpret_cast<char*>(block.data()),
            static_cast<std::streamsize>(block.size() * sizeof(records::RequestRow)));
    const auto rows = static_cast<size_t>(in.gcount()) / sizeof(records::RequestRow);
    if (rows > 0) take({block.data(), rows});
    header.rows += rows;
  }
  return header;
}

RequestLogHeader convert_request_log(const std::filesystem::path& log, const std::filesystem::path& jsonl,
                                     const std::vector<std::string>& classes, const std::vector<std::string>& tenants) {
  const RequestLine line(classes, tenants);
  LineFile out(jsonl);
  const auto header = read_request_log(log, [&](std::span<const records::RequestRow> rows) {
    for (const auto& row : rows) {
      char* begin = out.claim(line.max_bytes());
      out.commit(static_cast<size_t>(line.format(begin, row) - begin));
    }
  });
  out.close();
  return header;
}

}  // namespace host::writers

#include "cell/process.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "base/output_file.hpp"
#include "base/quote.hpp"
#include "catalog/plugin.hpp"
#include "catalog/python_env.hpp"
#include "cell/crash_handler.hpp"
#include "engine/engine.hpp"
#include "engine/plugin_calls.hpp"
#include "machine/system_profile.hpp"
#include "writers/checkpoint.hpp"
#include "writers/hlog_writer.hpp"
#include "writers/jsonl_writer.hpp"
#include "writers/repro_writer.hpp"
#include "writers/request_log.hpp"
#include "writers/summary_table.hpp"
#include "writers/terminal_view.hpp"
#include "writers/unified_results.hpp"

namespace host::cell {
namespace {

using Json = nlohmann::json;

// The catalog's own families are written Q1..Q8 in records; ids of others stay as they are.
std::string recorded_id(std::string id) {
  const bool family = id.size() >= 2 && id[0] == 'q' &&
                      std::all_of(id.begin() + 1, id.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (family) id[0] = 'Q';
  return id;
}

Json component(const std::filesystem::path& manifest_file) {
  try {
    const auto manifest = catalog::read_manifest(manifest_file);
    return {{"id", manifest.id},
            {"version", manifest.version},
            {"abi", fmt::format("1.{}", manifest.abi_minor)},
            {"library", manifest.library.string()},
            {"library_sha256", base::sha256_file(manifest.library)}};
  } catch (const base::Error& e) {
    return {{"manifest", manifest_file.string()}, {"error", e.what()}};
  }
}

// Of this very program, even if another lies in its place by now.
const std::string& host_hash() {
  static const auto hash = base::sha256_file("/proc/self/exe");
  return hash;
}

engine::EngineConfig engine_config(const CellSpec& cell) {
  engine::EngineConfig config;
  config.load = load::load_config(cell.load, cell.seed);
  config.nodes = cell.nodes;
  config.parallelism = cell.parallelism;
  config.scheduler = cell.scheduler;
  config.virtual_time = cell.virtual_time;
  config.interval_s = cell.interval_s;
  config.open_timeout_s = cell.open_timeout_s;
  config.longest_s = longest_s(cell);
  // A short run has no room for long windows: as long as a twentieth of it, from 1 to 10 s.
  const auto expected_s = config.load.duration_s > 0 ? config.load.duration_s
                          : config.load.rate > 0 ? static_cast<double>(config.load.total_requests) / config.load.rate
                                                 : 0;
  config.hold_window_s = cell.quick ? 1 : std::clamp(expected_s / 20, 1.0, 10.0);
  config.log_requests = cell.request_log != "none";
  config.log_sample = cell.request_sample;
  config.parity_check = cell.parity_check;
  config.log_file = cell.folder / "run.log";
  config.scratch_dir = cell.scratch_dir.string();
  config.verbose = cell.verbose;
  return config;
}

// The files and screens of a run, in the order they are told things.
class Writers {
 public:
  explicit Writers(const CellSpec& cell) {
    const auto& folder = cell.folder;
    add<writers::JsonlWriter>(folder / "records.jsonl", cell.request_log == "jsonl");
    if (cell.request_log == "binary") add<writers::RequestLogWriter>(folder / "requests.bin");
    add<writers::UnifiedResultsWriter>(folder);
    add<writers::HlogWriter>(folder / "latency.hlog");
    add<writers::CheckpointWriter>(folder);
    add<writers::ReproWriter>(folder, cell.parity_batch_size, cell.command_line,
                              recorded_options(cell));  // names the files finished before it
    if (cell.quiet) return;
    add<writers::TerminalView>(writers::TerminalView::screen_of(STDERR_FILENO));
    add<writers::SummaryTable>(stdout, folder);
  }
  [[nodiscard]] std::span<records::Writer* const> all() const { return pointers_; }

 private:
  template <class T, class... Args>
  void add(Args&&... args) {
    pointers_.push_back(owned_.emplace_back(std::make_unique<T>(std::forward<Args>(args)...)).get());
  }
  std::vector<std::unique_ptr<records::Writer>> owned_;
  std::vector<records::Writer*> pointers_;
};

std::string read_all(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) throw base::usage_error("'cell' is started by 'run' alone");
  std::string text(static_cast<size_t>(info.st_size), '\0');
  size_t got = 0;
  while (got < text.size()) {
    const auto n = pread(fd, text.data() + got, text.size() - got, static_cast<off_t>(got));
    if (n <= 0) throw base::usage_error("'cell' is started by 'run' alone");
    got += static_cast<size_t>(n);
  }
  return text;
}

// Its code runs from here on.
catalog::Plugin load(const std::filesystem::path& manifest_file, engine::CallWatch& watch, bool backend) {
  const auto manifest = catalog::read_manifest(manifest_file);
  const engine::CallScope scope(&watch, engine::CallThread::main, engine::Call::load, backend, engine::call_limit_ns);
  return catalog::load_plugin(manifest);
}

CellShared& map_shared(int fd) {
  void* address = mmap(nullptr, sizeof(CellShared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) throw base::usage_error("'cell' is started by 'run' alone");
  return *static_cast<CellShared*>(address);
}

}  // namespace

void CellShared::set_error(std::string_view text) {
  const auto size = std::min(text.size(), error.size());
  std::memcpy(error.data(), text.data(), size);
  error_size.store(static_cast<uint32_t>(size));
}

records::RunInfo run_info(const CellSpec& cell) {
  records::RunInfo info;
  info.run_id = cell.run_id;
  info.workload = recorded_id(cell.workload);
  info.backend = cell.backend;
  info.seed = cell.seed;
  info.nodes = cell.nodes;
  info.parallelism = cell.parallelism;
  info.scheduler = cell.scheduler;
  info.quick = cell.quick;
  info.clock = cell.virtual_time ? "virtual" : "monotonic";
  info.config = cell.config;
  info.config_hash = cell.config_hash;
  info.backend_hash = base::backend_hash(cell.backend);
  info.backend_config = catalog::to_json(cell.backend_options);
  info.pair = cell.pair;
  info.experiment = cell.experiment;
  info.environment = {{"system", machine::system_profile()},
                      {"host_version", SAGE_HOST_VERSION},
                      {"host_sha256", host_hash()},
                      {"workload", component(cell.workload_manifest)},
                      {"backend", component(cell.backend_manifest)},
                      {"command_line", cell.command_line}};
  const auto load = load::load_config(cell.load, cell.seed);
  info.expected_requests = load.total_requests;
  info.expected_duration_s = load.duration_s;
  return info;
}

base::Exit run_cell(const CellSpec& cell, CellShared& shared) {
  const auto workload = load(cell.workload_manifest, shared.watch, false);
  const auto backend = load(cell.backend_manifest, shared.watch, true);
  catalog::refuse_others_in_python(backend.manifest, cell.backend_options);
  const engine::EngineInput input = {&workload, workload_config(cell, backend.manifest), &backend,
                                     backend_config(cell)};
  auto info = run_info(cell);
  check_files(cell);  // after loading and hashing: what was loaded, what is recorded and what was planned are the same
  Writers writers(cell);
  const auto result = engine::run(engine_config(cell), input, info, writers.all(), &shared.watch, shared.stop);
  if (result.exit != base::Exit::ok && !result.reasons.empty())
    shared.set_error(base::one_line(result.reasons.front()));
  shared.watch.finished.store(1);
  return result.exit;
}

base::Exit cell_command(int spec_fd, int shared_fd) {
  const auto cell = cell_from_json(Json::parse(read_all(spec_fd)));
  auto& shared = map_shared(shared_fd);
  close(spec_fd);
  close(shared_fd);
  install_crash_handler(shared.watch);
  try {
    return run_cell(cell, shared);
  } catch (const base::Error& e) {
    shared.set_error(base::one_line(e.what()));
    return e.code();
  } catch (const std::filesystem::filesystem_error& e) {
    shared.set_error(base::one_line(base::file_error(e).what()));
    return base::Exit::failed;
  } catch (const std::bad_alloc&) {
    shared.set_error(engine::no_memory);
    return base::Exit::failed;
  } catch (const std::exception& e) {
    shared.set_error(fmt::format("internal error: {}", base::one_line(e.what())));
    return base::Exit::failed;
  }
}

}  // namespace host::cell

#include "engine/host_services.hpp"

#include <fmt/format.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/json_text.hpp"
#include "engine/plugin_calls.hpp"
#include "records/run_id.hpp"

namespace host::engine {

namespace {
constexpr size_t max_series = 4096;
}

HostServices::HostServices(const EngineConfig& config, const Clock& clock, EventLog& events)
    : clock_(clock), events_(events), verbose_(config.verbose) {
  if (!config.log_file.empty()) log_file_.open(config.log_file, std::ios::app);
  table_.struct_size = sizeof(sage_host);
  table_.abi_minor = SAGE_ABI_MINOR;
  table_.ctx = this;
  table_.now_ns = [](void* ctx) { return of(ctx).clock_.now_ns(); };
  table_.log = [](void* ctx, int32_t level, sage_str text) { of(ctx).log(level, sage::view(text)); };
  table_.fail = [](void*, sage_str text) { set_failure_text(sage::view(text)); };
  table_.series = [](void* ctx, sage_str name, sage_str unit) {
    return of(ctx).open_series(sage::view(name), sage::view(unit));
  };
  table_.emit = [](void* ctx, const sage_record* rows, uint64_t n) { of(ctx).emit(rows, n); };
  table_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
    if (auto* ledger = of(ctx).ledger()) ledger->complete({rows, n});
  };
  table_.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
    if (auto* ledger = of(ctx).ledger()) ledger->spans({rows, n});
  };
  table_.event_done = [](void* ctx, uint64_t id, sage_status status, sage_str text) {
    of(ctx).event_done(id, status, sage::view(text));
  };
  table_.get_extension = [](void*, const char* id) -> const void* {
    static constexpr sage_metadata metadata = {sizeof(sage_metadata), 0, [](void* ctx, sage_str key, sage_str value) {
                                                 of(ctx).set_metadata(sage::view(key), sage::view(value));
                                               }};
    return std::string_view(id) == SAGE_METADATA_EXTENSION ? &metadata : nullptr;
  };
}

void HostServices::log(int32_t level, std::string_view text) {
  static constexpr const char* names[] = {"debug", "info", "warning", "error"};
  const auto* name = names[std::clamp(level, 0, 3)];
  if (level >= SAGE_LOG_INFO && log_file_.is_open()) {
    const std::scoped_lock lock(log_mutex_);
    log_file_ << records::utc_iso8601(std::chrono::system_clock::now()) << ' ' << name << ": " << text
              << std::endl;  // a crash must not take the last words along
  }
  if (level < (verbose_ ? SAGE_LOG_DEBUG : SAGE_LOG_WARNING)) return;
  fmt::print(stderr, "sage-host: {}: {}\n", name, text);
}

void HostServices::event_done(uint64_t id, sage_status status, std::string_view text) {
  const auto* ledger = this->ledger();
  if (ledger == nullptr) return;
  const auto at_ns = clock_.now_ns() - ledger->start_ns;
  events_.confirmed(id, static_cast<double>(at_ns) / 1e9, status == SAGE_OK, text);
}

uint32_t HostServices::open_series(std::string_view name, std::string_view unit) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(series_, name, [](const Series& s) { return std::string_view(s.summary.name); });
  if (found != series_.end()) return static_cast<uint32_t>(found - series_.begin());
  if (series_.size() >= max_series) return UINT32_MAX;
  series_.push_back({{.name = std::string(name), .unit = std::string(unit)}});
  return static_cast<uint32_t>(series_.size() - 1);
}

void HostServices::emit(const sage_record* rows, uint64_t n) {
  const std::scoped_lock lock(mutex_);
  for (uint64_t i = 0; i < n; ++i) {
    if (rows[i].series >= series_.size()) continue;
    auto& [s, sum] = series_[rows[i].series];
    const auto value = rows[i].value;
    s.min = s.count == 0 ? value : std::min(s.min, value);
    s.max = s.count == 0 ? value : std::max(s.max, value);
    s.last = value;
    ++s.count;
    sum += value;
    s.mean = sum / static_cast<double>(s.count);
  }
}

std::vector<records::SeriesSummary> HostServices::series() const {
  const std::scoped_lock lock(mutex_);
  std::vector<records::SeriesSummary> out;
  for (const auto& s : series_) out.push_back(s.summary);
  return out;
}

void HostServices::set_metadata(std::string_view key, std::string_view value) {
  auto json = base::parse_json(value);
  if (json.is_discarded()) return log(SAGE_LOG_WARNING, fmt::format("metadata '{}' is not JSON", key));
  const std::scoped_lock lock(mutex_);
  metadata_[std::string(key)] = std::move(json);
}

nlohmann::json HostServices::metadata() const {
  const std::scoped_lock lock(mutex_);
  return metadata_;
}

}  // namespace host::engine

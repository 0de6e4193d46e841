#include "engine/host_services.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "engine/plugin_calls.hpp"
#include "records/run_id.hpp"

namespace host::engine {

namespace {
// More than any plugin has use for, and little enough to be read again.
constexpr size_t max_series = 4096;
constexpr size_t max_metadata = 256;                    // keys
constexpr size_t max_metadata_bytes = size_t{1} << 20;  // of the values
constexpr size_t longest_name = 256;                    // bytes
constexpr uint64_t refusals_told = 10;
}  // namespace

HostServices::HostServices(const EngineConfig& config, const Clock& clock, EventLog& events)
    : clock_(clock), events_(events), verbose_(config.verbose) {
  if (!config.log_file.empty()) {
    // Not a stream of the library's, which children would inherit.
    log_file_ = base::Fd(::open(config.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  }
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
  const auto line = base::one_line(text);
  if (level >= SAGE_LOG_INFO && log_file_) {
    // One write, as a rule, so that lines of several threads stay whole, and a crash does not take the last words
    // along.
    const auto whole = fmt::format("{} {}: {}\n", records::utc_iso8601(std::chrono::system_clock::now()), name, line);
    base::write_all(log_file_.get(), whole);
  }
  if (level < (verbose_ ? SAGE_LOG_DEBUG : SAGE_LOG_WARNING)) return;
  fmt::print(stderr, "sage-host: {}: {}\n", name, line);
}

void HostServices::event_done(uint64_t id, sage_status status, std::string_view text) {
  const auto* ledger = this->ledger();
  if (ledger == nullptr) return;
  const auto at_ns = clock_.now_ns() - ledger->start_ns;
  events_.confirmed(id, static_cast<double>(at_ns) / 1e9, status == SAGE_OK, text);
}

void HostServices::refuse(const std::string& text) {
  if (refused_ == 0) first_refused_ = text;
  if (++refused_ <= refusals_told) log(SAGE_LOG_WARNING, text);
}

uint32_t HostServices::open_series(std::string_view name, std::string_view unit) {
  const std::scoped_lock lock(mutex_);
  const auto refused = [&](std::string_view why) {
    refuse(fmt::format("series {} is left out: {}", base::in_quotes(name), why));
    return UINT32_MAX;
  };
  if (name.empty() || name.size() > longest_name || unit.size() > longest_name)
    return refused(fmt::format("its name needs 1 to {} bytes, its unit at most that", longest_name));
  const auto found = std::ranges::find(series_, name, [](const auto& s) { return std::string_view(s.name); });
  if (found == series_.end()) {
    if (series_.size() >= max_series) return refused(fmt::format("there are {} already", max_series));
    series_.push_back({.name = std::string(name), .unit = std::string(unit)});
    return static_cast<uint32_t>(series_.size() - 1);
  }
  if (found->unit != unit) return refused(fmt::format("it has the unit {} already", base::in_quotes(found->unit)));
  return static_cast<uint32_t>(found - series_.begin());
}

void HostServices::emit(const sage_record* rows, uint64_t n) {
  const std::scoped_lock lock(mutex_);
  for (uint64_t i = 0; i < n; ++i) {
    if (rows[i].series >= series_.size()) continue;
    auto& s = series_[rows[i].series];
    const auto value = rows[i].value;
    if (!std::isfinite(value)) {
      ++s.not_finite;
      continue;
    }
    s.min = s.count == 0 ? value : std::min(s.min, value);
    s.max = s.count == 0 ? value : std::max(s.max, value);
    s.last = value;
    ++s.count;
    const auto count = static_cast<double>(s.count);
    s.mean += value / count - s.mean / count;  // no sum that could overflow
  }
}

std::vector<records::SeriesSummary> HostServices::series() const {
  const std::scoped_lock lock(mutex_);
  return series_;
}

void HostServices::set_metadata(std::string_view key, std::string_view value) {
  const std::scoped_lock lock(mutex_);
  const auto refused = [&](std::string_view why) {
    refuse(fmt::format("metadata {} is left out: {}", base::in_quotes(key), why));
  };
  if (key.empty() || key.size() > longest_name)
    return refused(fmt::format("its name needs 1 to {} bytes", longest_name));
  // What is replaced counts too: a plugin that sets a key again and again is bounded likewise.
  if (value.size() > max_metadata_bytes - metadata_bytes_)
    return refused(fmt::format("metadata of a run has at most {} KiB", max_metadata_bytes >> 10));
  if (metadata_.size() >= max_metadata && !metadata_.contains(key))
    return refused(fmt::format("a run has at most {} keys", max_metadata));
  const auto outline = base::outline_json(value, base::json_part_depth_max);
  if (!outline.refusal.empty()) return refused(outline.refusal);
  if (!outline.twice.empty()) return refused(fmt::format("{} stands twice in it", base::in_quotes(outline.twice)));
  auto json = nlohmann::json::parse(value, nullptr, false);
  if (json.is_discarded()) return refused("it is not JSON");
  metadata_bytes_ += value.size();
  metadata_[std::string(key)] = std::move(json);
}

nlohmann::json HostServices::metadata() const {
  const std::scoped_lock lock(mutex_);
  return metadata_;
}

nlohmann::json HostServices::refused() const {
  const std::scoped_lock lock(mutex_);
  if (refused_ == 0) return nullptr;
  return {{"count", refused_}, {"first", first_refused_}};
}

}  // namespace host::engine

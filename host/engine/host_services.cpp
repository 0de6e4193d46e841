#include "engine/host_services.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

#include "base/error.hpp"
#include "base/json_text.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"
#include "engine/plugin_calls.hpp"
#include "engine/watch.hpp"
#include "records/run_id.hpp"

namespace host::engine {

namespace {
// More than any plugin has use for, and little enough to be read again.
constexpr size_t max_series = 4096;
constexpr size_t max_metadata = 256;                    // keys
constexpr size_t max_metadata_bytes = size_t{1} << 20;  // of the values
constexpr size_t longest_name = 256;                    // bytes
constexpr uint64_t refusals_told = 10;
constexpr size_t max_failures = 11;       // texts; the last one is "others"
constexpr size_t longest_failure = 1000;  // bytes
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
  table_.log = [](void* ctx, int32_t level, sage_str text) {
    guarded(ctx, [&](HostServices& host) { host.log(level, sage::view(text)); });
  };
  table_.fail = [](void* ctx, sage_str text) {
    guarded(ctx, [&](HostServices& host) { host.note_failure(sage::view(text)); });
  };
  table_.series = [](void* ctx, sage_str name, sage_str unit) {
    return guarded(ctx, [&](HostServices& host) { return host.open_series(sage::view(name), sage::view(unit)); });
  };
  table_.emit = [](void* ctx, const sage_record* rows, uint64_t n) {
    guarded(ctx, [&](HostServices& host) { host.emit(rows, n); });
  };
  table_.complete = [](void* ctx, const sage_completion* rows, uint64_t n) {
    guarded(ctx, [&](HostServices& host) {
      if (auto* ledger = host.ledger()) ledger->complete({rows, n});
    });
  };
  table_.spans = [](void* ctx, const sage_span* rows, uint64_t n) {
    guarded(ctx, [&](HostServices& host) {
      if (auto* ledger = host.ledger()) ledger->spans({rows, n});
    });
  };
  table_.event_done = [](void* ctx, uint64_t id, sage_status status, sage_str text) {
    guarded(ctx, [&](HostServices& host) { host.event_done(id, status, sage::view(text)); });
  };
  table_.get_extension = [](void*, const char* id) -> const void* {
    static constexpr sage_metadata metadata = {
        sizeof(sage_metadata), 0, [](void* ctx, sage_str key, sage_str value) {
          guarded(ctx, [&](HostServices& host) { host.set_metadata(sage::view(key), sage::view(value)); });
        }};
    static constexpr sage_errors errors = {
        sizeof(sage_errors), 0, [](void* ctx, const sage_error* rows, uint64_t n) {
          guarded(ctx, [&](HostServices& host) { host.note_errors({rows, static_cast<size_t>(n)}); });
        }};
    const std::string_view asked = id == nullptr ? "" : id;
    if (asked == SAGE_METADATA_EXTENSION) return &metadata;
    if (asked == SAGE_ERROR_EXTENSION) return &errors;
    return nullptr;  // host_extensions (catalog/manifest.hpp) lists those that there are
  };
  table_.ready = [](void* ctx) {
    if (auto* ledger = of(ctx).ledger()) ledger->backend_ready();
  };
  table_.alive = [](void* ctx, sage_str text) {
    guarded(ctx, [&](HostServices& host) {
      if (host.on_alive && host.on_alive()) host.tell_alive(sage::view(text));
    });
  };
}

void HostServices::broke(const char* why) noexcept {
  const std::scoped_lock lock(mutex_);
  if (broken_.load() != nullptr) return;
  std::strncpy(broken_text_.data(), why, broken_text_.size() - 1);
  broken_.store(broken_text_.data());
}

void HostServices::check() {
  if (broken_.load(std::memory_order_relaxed) == nullptr) return;
  throw base::Error(base::Exit::failed,
                    fmt::format("what the backend told the host was lost: {}", base::one_line(broken_.load())));
}

// Also that of the status which this thread's call returns. Of the calls that fail as a whole the host tells anyway.
void HostServices::note_failure(std::string_view text) {
  set_failure_text(text);
  const auto call = current_call();
  const bool of_backend = (call & CallSlot::backend_bit) != 0;
  const auto in = static_cast<Call>(call & ~CallSlot::backend_bit);
  if (call != 0 &&
      !(of_backend && (in == Call::submit || in == Call::advance || in == Call::drain || in == Call::open)))
    return;
  count_failure(text);
}

void HostServices::note_errors(std::span<const sage_error> rows) {
  for (const auto& row : rows) {
    auto text = std::string(sage::view(row.text));
    if (row.code != 0)
      text = text.empty() ? fmt::format("code {}", row.code) : fmt::format("{} (code {})", text, row.code);
    if (text.empty()) text = "an error without a text";
    count_failure(text);
    if (row.retry_after_ns > 0)
      log(SAGE_LOG_DEBUG,
          fmt::format("{}: asked for a pause of {:g} s", text, static_cast<double>(row.retry_after_ns) / 1e9));
  }
}

void HostServices::tell_alive(std::string_view text) {
  log(SAGE_LOG_INFO, text);
  if (!verbose_) fmt::print(stderr, "sage-host: {}\n", base::one_line(text));
}

void HostServices::count_failure(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  const auto shown = base::shown_text(text.substr(0, longest_failure));
  const auto known = std::ranges::find(failures_, shown, &records::FailureText::text);
  if (known != failures_.end())
    ++known->count;
  else if (failures_.size() < max_failures)
    failures_.push_back({failures_.size() + 1 < max_failures ? shown : "others", 1});
  else
    ++failures_.back().count;
}

std::vector<records::FailureText> HostServices::failures() const {
  const std::scoped_lock lock(mutex_);
  auto out = failures_;
  std::ranges::stable_sort(out, std::greater(), &records::FailureText::count);
  return out;
}

void HostServices::log(int32_t level, std::string_view text) {
  static constexpr const char* names[] = {"debug", "info", "warning", "error"};
  const auto* name = names[std::clamp(level, 0, 3)];
  const auto line = base::one_line(text);
  if (level >= SAGE_LOG_INFO && log_file_) {
    const std::scoped_lock lock(log_mutex_);
    const auto now = records::utc_iso8601(std::chrono::system_clock::now());
    auto whole = fmt::format("{} {}: {}\n", now, name, line);
    const bool room = whole.size() <= log_left_;
    if (!room && log_left_ == 0) return;  // nor is the terminal flooded
    if (!room) whole = fmt::format("{} warning: 16 MiB of log: what follows is left out\n", now);
    log_left_ = room ? log_left_ - whole.size() : 0;
    // One write, as a rule, and no stream: a crash does not take the last words along.
    base::write_all(log_file_.get(), whole);
    if (!room) return;
  }
  if (level < (verbose_ ? SAGE_LOG_DEBUG : SAGE_LOG_WARNING)) return;
  fmt::print(stderr, "sage-host: {}: {}\n", name, line);
}

void HostServices::event_done(uint64_t id, sage_status status, std::string_view text) {
  const auto* ledger = this->ledger();
  if (ledger == nullptr) return;
  const auto at_ns = clock_.now_ns() - ledger->start_ns;
  if (!events_.confirmed(id, static_cast<double>(at_ns) / 1e9, status == SAGE_OK, text))
    log(SAGE_LOG_WARNING, fmt::format("the backend confirmed event {}, which there is not", id));
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

// The services of the host that plugins call: the C table of abi.h over the ledger, the event log, and what is kept
// here, series, metadata and the log.
#pragma once

#include <sage/abi.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "engine/clock.hpp"
#include "engine/event_log.hpp"
#include "engine/ledger.hpp"
#include "engine/run_config.hpp"
#include "records/rows.hpp"

namespace host::engine {

// Every service may be called from any thread, and until the process ends.
class HostServices {
 public:
  HostServices(const EngineConfig& config, const Clock& clock, EventLog& events);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  [[nodiscard]] const sage_host* table() const { return &table_; }
  // Outcomes, spans and reports on events go nowhere before this.
  void connect(Ledger& ledger) { ledger_.store(&ledger, std::memory_order_release); }

  // What `alive` does with the time limit of `open`; false = there is none to extend.
  std::function<bool()> on_alive;

  // Throws Error if a service could not do its work (no memory, no descriptor, too many threads): what it was told is
  // lost, and the run with it.
  void check();

  // Plugins' and the host's own; debug lines go to the terminal only, and only when asked for.
  void log(int32_t level, std::string_view text);
  [[nodiscard]] std::vector<records::SeriesSummary> series() const;
  [[nodiscard]] nlohmann::json metadata() const;  // what the plugins said about the run
  // What they said and is not kept: {"count", "first"}, or null. The log has each of the first ones.
  [[nodiscard]] nlohmann::json refused() const;
  // The texts that plugins gave for what failed during the run, the first ones, with how often.
  [[nodiscard]] std::vector<records::FailureText> failures() const;

 private:
  static HostServices& of(void* ctx) { return *static_cast<HostServices*>(ctx); }
  [[nodiscard]] Ledger* ledger() const { return ledger_.load(std::memory_order_acquire); }
  void event_done(uint64_t id, sage_status status, std::string_view text);
  uint32_t open_series(std::string_view name, std::string_view unit);
  void emit(const sage_record* rows, uint64_t n);
  void set_metadata(std::string_view key, std::string_view value);
  void refuse(const std::string& text);  // under mutex_
  void note_failure(std::string_view text);
  void note_errors(std::span<const sage_error> rows);
  void count_failure(std::string_view text);
  void tell_alive(std::string_view text);
  // No exception of ours may cross the boundary either.
  template <class Body>
  static auto guarded(void* ctx, Body&& body) noexcept -> decltype(body(of(ctx))) {
    try {
      return body(of(ctx));
    } catch (const std::exception& e) {
      of(ctx).broke(e.what());
    } catch (...) {
      of(ctx).broke("an unknown exception");
    }
    return decltype(body(of(ctx)))();
  }
  void broke(const char* why) noexcept;

  sage_host table_{};
  const Clock& clock_;
  EventLog& events_;
  std::atomic<Ledger*> ledger_{nullptr};
  const bool verbose_;
  std::mutex log_mutex_;
  base::Fd log_file_;
  size_t log_left_ = size_t{16} << 20;  // bytes that the file still takes
  mutable std::mutex mutex_;            // for what is rare: series and metadata
  std::vector<records::SeriesSummary> series_;
  std::vector<records::FailureText> failures_;
  std::atomic<const char*> broken_{nullptr};  // set once; points into broken_text_
  std::array<char, 256> broken_text_{};
  uint64_t refused_ = 0;
  std::string first_refused_;
  nlohmann::json metadata_ = nlohmann::json::object();
  size_t metadata_bytes_ = 0;
};

}  // namespace host::engine

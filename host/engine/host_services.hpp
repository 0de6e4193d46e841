// The services of the host that plugins call: the C table of abi.h over the ledger, the event log, and what is kept
// here, series, metadata and the log.
#pragma once

#include <sage/abi.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
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

  // Plugins' and the host's own; debug lines go to the terminal only, and only when asked for.
  void log(int32_t level, std::string_view text);
  [[nodiscard]] std::vector<records::SeriesSummary> series() const;
  [[nodiscard]] nlohmann::json metadata() const;  // what the plugins said about the run
  // What they said and is not kept: {"count", "first"}, or null. The log has each of the first ones.
  [[nodiscard]] nlohmann::json refused() const;

 private:
  static HostServices& of(void* ctx) { return *static_cast<HostServices*>(ctx); }
  [[nodiscard]] Ledger* ledger() const { return ledger_.load(std::memory_order_acquire); }
  void event_done(uint64_t id, sage_status status, std::string_view text);
  uint32_t open_series(std::string_view name, std::string_view unit);
  void emit(const sage_record* rows, uint64_t n);
  void set_metadata(std::string_view key, std::string_view value);
  void refuse(const std::string& text);  // under mutex_

  sage_host table_{};
  const Clock& clock_;
  EventLog& events_;
  std::atomic<Ledger*> ledger_{nullptr};
  const bool verbose_;
  base::Fd log_file_;
  mutable std::mutex mutex_;  // for what is rare: series and metadata
  std::vector<records::SeriesSummary> series_;
  uint64_t refused_ = 0;
  std::string first_refused_;
  nlohmann::json metadata_ = nlohmann::json::object();
  size_t metadata_bytes_ = 0;
};

}  // namespace host::engine

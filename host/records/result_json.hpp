// A run's parts as JSON: what records.jsonl and the metadata of unified_results share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "records/rows.hpp"

namespace host::records {

nlohmann::ordered_json to_json(const RunInfo& info);
nlohmann::ordered_json to_json(const Interval& interval);
nlohmann::ordered_json to_json(const EventRecord& event);
nlohmann::ordered_json to_json(const LedgerCounts& ledger);
// Names of classes, tenants and stages are those of the run.
nlohmann::ordered_json to_json(const SampledRequest& request, const RunInfo& info, const RunResult& result);

// Status, verdict, ledger, lateness, metrics, events, series and the rest: everything but the RunInfo.
nlohmann::ordered_json to_json(const RunResult& result);

// 16 hex digits: 64 bits do not fit into a JSON number everywhere.
std::string digest_text(uint64_t digest);

}  // namespace host::records

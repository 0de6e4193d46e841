// Names and times of runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace host::records {

using WallTime = std::chrono::system_clock::time_point;

// "q6-threads-20261124T081902Z-<first 12 of config_hash>", with "-r2" for the second of several repetitions. Names are
// made lower case, and what does not belong into a file name becomes "-".
std::string make_run_id(std::string_view workload, std::string_view backend, WallTime at, std::string_view config_hash,
                        std::optional<uint32_t> repetition = std::nullopt);

std::string utc_compact(WallTime at);  // 20261124T081902Z
std::string utc_seconds(WallTime at);  // 2026-11-24T08:19:02Z
std::string utc_iso8601(WallTime at);  // 2026-11-24T08:19:02.123456+00:00

}  // namespace host::records

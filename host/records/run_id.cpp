#include "records/run_id.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cctype>

#include "base/hash.hpp"

namespace host::records {
namespace {

std::string file_name_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += std::isalnum(byte) != 0 || c == '.' || c == '_' ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return out;
}

std::tm utc(WallTime at) { return fmt::gmtime(std::chrono::system_clock::to_time_t(at)); }

}  // namespace

std::string make_run_id(std::string_view workload, std::string_view backend, WallTime at, std::string_view config_hash,
                        std::optional<uint32_t> repetition) {
  auto id = fmt::format("{}-{}-{}-{}", file_name_part(workload), file_name_part(backend), utc_compact(at),
                        base::short_hash(config_hash));
  if (repetition) id += fmt::format("-r{}", *repetition);
  return id;
}

std::string utc_compact(WallTime at) { return fmt::format("{:%Y%m%dT%H%M%SZ}", utc(at)); }

std::string utc_seconds(WallTime at) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(at)); }

std::string utc_iso8601(WallTime at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(at - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}+00:00", utc(whole), us);
}

}  // namespace host::records

// The two trace formats, a line at a time. Their functions throw BadLine with what was found and what was expected.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace host::load {

struct TraceRow {
  int64_t at_ns = 0;  // since an epoch of the format's own
  uint64_t key = 0;   // of the shared prefix; 0 = the trace has none
  uint32_t units_in = 0;
  uint32_t units_out = 0;
};

struct BadLine : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Azure LLM inference traces, 2023 and 2024 (github.com/Azure/AzurePublicDataset): CSV with a header naming the columns
// TIMESTAMP, ContextTokens and GeneratedTokens, in any order and among others.
class AzureFormat {
 public:
  // Nothing when the line is no such header at all. Throws BadLine when a column is missing.
  static std::optional<AzureFormat> from_header(std::string_view line);
  [[nodiscard]] TraceRow parse(std::string_view line) const;

 private:
  std::array<size_t, 3> columns_{};  // of timestamp, input, output
  size_t needed_ = 0;                // columns a line must have
};

// "2023-11-16 18:17:03.9799600": date, space or T, time of day with up to 9 decimals, then Z, an offset from UTC
// ("+00:00"), or nothing. ns since 1970. Years 1970 to 2199.
int64_t parse_timestamp_ns(std::string_view text);

// Mooncake traces (Qin et al., FAST 2025; github.com/kvcache-ai/Mooncake): JSON objects, one a line, with `timestamp`
// in ms, `input_length` and `output_length` in tokens, and (optional here) `hash_ids`, one for each block of 512 tokens
// of the prompt, equal where prompts share a prefix. Other members are passed over.
TraceRow parse_mooncake(std::string_view line);

// How many leading hash_ids make the key. In the Mooncake conversation trace the first block is the same for every
// request (a system prompt), so one id would be one key; two tell conversations apart, and 57 % of its requests share
// theirs.
inline constexpr size_t key_blocks = 2;

}  // namespace host::load

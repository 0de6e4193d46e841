// Reading the small text files by which the kernel describes a machine, below /proc and /sys.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace host::machine {

// The first line, without blanks and quotes around it; empty if there is none.
std::string line_of(const std::filesystem::path& file);
// The value of the first "key<separator>value" line; empty if there is none.
std::string value_of(const std::filesystem::path& file, std::string_view key, char separator);
// The number a text begins with.
std::optional<double> number_in(const std::string& text);
// How many a list like "0-3,8" names; 0 if it is none.
unsigned count_in_list(const std::string& list);
// The chosen one of "always [madvise] never"; empty if there is none.
std::string choice_in(const std::string& text);
// Sorted; a folder that is missing has none.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder);

// The tightest limits of this process's control group and those above it (cgroup v2), or the container's own (v1).
struct ControlGroup {
  std::optional<double> cores;
  std::optional<double> memory_gb;  // 2^30 bytes
  // Of its own: how often its CPU quota ran out; null without a quota.
  std::optional<uint64_t> throttled_periods;
};
ControlGroup control_group(const std::filesystem::path& root);

// Of the machine, or of its control group where that is less, in 2^30 bytes; null = not readable.
std::optional<double> memory_gb(const std::filesystem::path& root);

// Simultaneous multithreading: cores run two threads or more each; null = not readable.
std::optional<bool> smt_active(const std::filesystem::path& root);
// kB; null = not readable.
std::optional<double> swap_used_kb(const std::filesystem::path& root);

}  // namespace host::machine

// Files that decide which code runs must not be writable by other users.
#pragma once

#include <filesystem>
#include <string>

namespace host::catalog {

// Throws Error(usage) with the chmod that helps, if users other than the owner, root or us could change the file or
// folder. `what` names it: "manifest", "library", "folder".
void refuse_writable_by_others(const std::filesystem::path& path, const std::string& what);

// The content of a regular file of at most `size_max` bytes, checked as above together with its folder.
// Throws Error(usage) also for one that is missing, unreadable or not a regular file (it is never waited on).
std::string read_trusted_file(const std::filesystem::path& file, const std::string& what, size_t size_max);

// The same for data that its user vouches for by naming it: no check of who can write to it.
std::string read_regular_file(const std::filesystem::path& file, const std::string& what, size_t size_max);

// Absolute and free of symlinks. Throws Error(usage) if there is none (missing, a loop of symlinks).
std::filesystem::path real_path(const std::filesystem::path& path, const std::string& what);

}  // namespace host::catalog

// Files that decide which code runs must be nobody else's: no other user may change them, nor put others in their
// place.
#pragma once

#include <filesystem>
#include <string>

namespace host::catalog {

// Throws Error(usage) with the remedy, if another user owns the file or folder or may write to it, or owns a folder on
// the way up or may rename what is in it (a sticky one, such as /tmp, is fine). Others are all but root, us, and
// whoever owns this program or a folder on the way up to it: who could replace the program is trusted already, so root
// can use a checkout of another user's. Members of a file's group are taken for its owner: a private group and umask
// 002 are common. `what` names it: "manifest", "library", "folder".
void refuse_others(const std::filesystem::path& path, const std::string& what);

// The same for a folder and the files right in it, if it is there.
void refuse_others_in(const std::filesystem::path& folder);

// The content of a regular file of at most `size_max` bytes, checked as above together with its folder.
// Throws Error(usage) also for one that is missing, unreadable or not a regular file (it is never waited on).
std::string read_trusted_file(const std::filesystem::path& file, const std::string& what, size_t size_max);

// The same for data that its user vouches for by naming it: no check of who can write to it.
std::string read_regular_file(const std::filesystem::path& file, const std::string& what, size_t size_max);

// Absolute and free of symlinks. Throws Error(usage) if there is none (missing, a loop of symlinks).
std::filesystem::path real_path(const std::filesystem::path& path, const std::string& what);

}  // namespace host::catalog

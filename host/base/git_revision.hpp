// Of the sources this program was built from.
#pragma once

namespace host::base {

// The commit's hash, with "-dirty" behind it where tracked files differed; null where it was built outside git. Defined
// in a source that every build brings up to date (see git_revision.cmake).
extern const char* const git_revision;

}  // namespace host::base

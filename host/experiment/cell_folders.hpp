// The folders of the cells of a paired run or an experiment, and what is said meanwhile. A cell runs in a folder whose
// name begins with a dot, and gets its own when it has ended: what lies there is whole.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/run_lock.hpp"

namespace host::experiment {

// The name of a folder: letters, digits, '-', '_' and '.'. Throws Error(usage).
void check_run_id(const std::string& id);

// Something is there; of a command that was killed before it wrote its state there are hidden files alone.
bool begun(const std::filesystem::path& root);

// Makes the folder of a new run, which is the caller's alone from then on. Throws Error(failed) where nothing can be
// written, Error(usage) where another command has begun this very run meanwhile.
RunLock make_root(const std::filesystem::path& root);

// Where the cell `name` runs.
std::string unfinished(const std::string& name);
// What cells left that were cut off.
void remove_unfinished(const std::filesystem::path& cells);
// The cell has ended: its folder takes its name, and the place of an attempt that failed before. False when there is
// none, for it could not be made.
bool put_in_place(const std::filesystem::path& cells, const std::string& name);

// A line on stderr; nobody need read it.
void say(const std::string& line);
// "42 s", "2 min 5 s", "3 h 20 min".
std::string about(double seconds);

}  // namespace host::experiment

// A loaded plugin: the library opened, its entry called, its tables checked. Libraries are never unloaded.
#pragma once

#include <sage/abi.h>

#include <filesystem>
#include <string>
#include <vector>

#include "catalog/manifest.hpp"

namespace host::catalog {

struct Plugin {
  Manifest manifest;
  sage_plugin table{};
};

// Throws Error: library missing or not loadable, no entry symbol, entry refused, tables incomplete, or the embedded
// manifest differs from the file's in kind, id, version, abi or capabilities.
Plugin load_plugin(const Manifest& manifest);

// The dynamic symbols a library exports, defined ones only (reads the ELF file, loads nothing).
// Throws Error(usage) for a library whose file is shorter than what it says is to be mapped: touching it would be a
// SIGBUS.
void refuse_damaged(const std::filesystem::path& library);
std::vector<std::string> exported_symbols(const std::filesystem::path& library);

}  // namespace host::catalog

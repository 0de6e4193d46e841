// The parts of a manifest that hold options: [options.NAME] and [defaults].
#pragma once

#include "catalog/manifest.hpp"
#include "catalog/toml_section.hpp"

namespace host::catalog {

// Each [options.NAME] of `root`, sorted by name, its defaults checked against its own limits.
std::vector<OptionSpec> read_options(const TomlSection& root);
// [defaults] and [defaults.quick]: values only; whoever owns those options checks them.
void read_defaults(const TomlSection& root, Manifest& out);

}  // namespace host::catalog

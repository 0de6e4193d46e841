// A configuration of the Python package (`config/*.yaml`) as the text of an experiment's TOML file, which is then read
// and checked as any other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace host::experiment {

// `file` is for messages, and its name may say which workload is meant. `left_out`: each key that has no counterpart,
// as "q2.yaml:12:3: hardware.gpus: why". Throws Error(usage) for what is no such file.
std::string toml_of_yaml(std::string_view text, const std::string& file, std::vector<std::string>& left_out);

}  // namespace host::experiment

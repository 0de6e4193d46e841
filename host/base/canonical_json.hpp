// JSON in one canonical spelling, so that equal values give equal bytes and hashes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace host::base {

// Keys sorted, separators "," and ":", UTF-8 not escaped, floats in their shortest form that reads back the same: byte
// for byte what Python's json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) gives. NaN and
// infinities, which JSON does not have, become null; bytes that are not UTF-8 become U+FFFD.
std::string canonical_json(const nlohmann::json& value);

// "40.0", "1e-05", "1e+16": as Python's repr(float).
std::string float_text(double value);

}  // namespace host::base

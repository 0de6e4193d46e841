// SHA-256 fingerprints of text, files and configurations, as 64 lower-case hex digits.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace host::base {

std::string sha256_hex(std::string_view bytes);
// Throws Error(failed) with the path when it cannot be read.
std::string sha256_file(const std::filesystem::path& file);

// Its first digits, which name folders and are shown.
inline std::string short_hash(std::string_view hash) { return std::string(hash.substr(0, 12)); }

// Of the canonical JSON. Two backends under one configuration hash alike, so `config` must hold neither the backend,
// nor the output folder, nor verbosity.
std::string config_hash(const nlohmann::json& config);
// Of the backend's name.
std::string backend_hash(std::string_view backend);

}  // namespace host::base

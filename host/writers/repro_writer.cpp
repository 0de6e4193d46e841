#include "writers/repro_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json_text.hpp"
#include "base/output_file.hpp"

namespace host::writers {

namespace {
std::string manifest_text(const records::RunInfo& info, const records::ReproInput& input) {
  return records::repro_manifest(info, input).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}
}  // namespace

void write_repro_manifest(const std::filesystem::path& folder, const records::RunInfo& info,
                          records::ReproInput input) {
  const auto target = folder / "repro_manifest.json";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const bool hidden = name.starts_with('.');  // of work under way: a lock, say
    if (!hidden && name != "repro_manifest.json" && name != "run.log" && entry.is_regular_file())
      input.files.push_back(entry.path());
  }
  std::sort(input.files.begin(), input.files.end());
  base::write_file(target, manifest_text(info, input));
}

void ReproWriter::begin(const records::RunInfo& info) {
  try {
    base::write_file(folder_ / "repro_manifest.json",
                     manifest_text(info, {0, 0, parity_batch_size_, command_line_, options_, {}}));
  } catch (const base::Error&) {  // a precaution only; if nothing can be written, the stream will say so
  }
}

void seal_run(const std::filesystem::path& folder) {
  using Json = nlohmann::ordered_json;
  const auto target = folder / "repro_manifest.json";
  const auto log = folder / "run.log";
  auto manifest = base::parse_json_file<Json>(target);
  if (!std::filesystem::is_regular_file(log)) return;
  if (!manifest.is_object() || !manifest["files"].is_object())
    throw base::Error(
        base::Exit::failed,
        fmt::format("{}: cannot be read again to add the hash of run.log; check the folder", target.string()));
  manifest["files"][log.filename().string()] = base::sha256_file(log);
  manifest["sha256"] = records::manifest_sha256(manifest);
  base::write_file(target, manifest.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

void ReproWriter::finish(const records::RunInfo& info, const records::RunResult& result) {
  write_repro_manifest(folder_, info,
                       {result.ledger.offered, result.ledger.warmup, parity_batch_size_, command_line_, options_, {}});
}

}  // namespace host::writers

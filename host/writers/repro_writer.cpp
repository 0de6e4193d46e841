#include "writers/repro_writer.hpp"

#include <algorithm>

#include "base/output_file.hpp"

namespace host::writers {

void write_repro_manifest(const std::filesystem::path& folder, const records::RunInfo& info,
                          records::ReproInput input) {
  const auto target = folder / "repro_manifest.json";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename();
    if (name != "repro_manifest.json" && name != "run.log" && entry.is_regular_file())
      input.files.push_back(entry.path());
  }
  std::sort(input.files.begin(), input.files.end());
  using Json = nlohmann::ordered_json;
  base::write_file(target,
                   records::repro_manifest(info, input).dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

void ReproWriter::finish(const records::RunInfo& info, const records::RunResult& result) {
  write_repro_manifest(folder_, info,
                       {result.ledger.offered, result.ledger.warmup, parity_batch_size_, command_line_, options_, {}});
}

}  // namespace host::writers

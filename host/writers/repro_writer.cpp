#include "writers/repro_writer.hpp"

#include <algorithm>

#include "records/repro_manifest.hpp"
#include "writers/output_file.hpp"

namespace host {

void ReproWriter::finish(const RunInfo& info, const RunResult& result) {
  ReproInput input{result.ledger.offered, result.ledger.warmup, parity_batch_size_, command_line_, {}};
  const auto target = folder_ / "repro_manifest.json";
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    if (entry.path() != target && entry.is_regular_file()) input.files.push_back(entry.path());
  std::sort(input.files.begin(), input.files.end());
  using Json = nlohmann::ordered_json;
  write_file(target, repro_manifest(info, input).dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

}  // namespace host

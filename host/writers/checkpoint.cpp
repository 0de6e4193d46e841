#include "writers/checkpoint.hpp"

#include "base/output_file.hpp"
#include "writers/unified_results.hpp"

namespace host::writers {

void CheckpointWriter::keep(const records::RunInfo& info, const records::RunResult& result) {
  base::write_file(file_, unified_record(info, result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void CheckpointWriter::finish(const records::RunInfo& /*info*/, const records::RunResult& /*result*/) {
  std::error_code ignored;  // there may be none
  std::filesystem::remove(file_, ignored);
}

}  // namespace host::writers

#include "records/rows.hpp"

#include <numeric>

namespace host::records {

bool LedgerCounts::balanced() const {
  const auto ended = std::accumulate(outcomes.begin(), outcomes.end(), uint64_t{0});
  return offered == ended && duplicate == 0 && unexpected == 0;
}

const char* to_string(RunStatus status) {
  switch (status) {
    case RunStatus::ok:
      return "ok";
    case RunStatus::failed:
      return "failed";
    case RunStatus::invalid:
      return "invalid";
    case RunStatus::interrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace host::records

// The faults and changes of a run by kind, and its mean time to recovery.
#pragma once

#include "records/summary.hpp"

namespace host::records {

// Fills summary.disturbances, and adds mttr and faults_censored to summary.run.
void add_disturbances(Summary& summary, const std::vector<EventRecord>& events);

// From command to confirmation; of a RECONFIGURE event.
metrics::Metric reconfiguration_time(const EventRecord& event);

}  // namespace host::records

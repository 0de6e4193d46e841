// The record of a cell that could not write its own.
#pragma once

#include "cli/cell_spec.hpp"
#include "cli/supervise.hpp"

namespace host {

// Writes the unified record with nulls for measures and, if the stream exists, its final summary line. False if that
// cannot be written.
bool record_failure(const CellSpec& cell, const CellEnd& end);

}  // namespace host

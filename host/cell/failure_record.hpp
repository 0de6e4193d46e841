// The record of a cell that could not write its own.
#pragma once

#include "cell/cell_spec.hpp"
#include "cell/supervise.hpp"

namespace host::cell {

// Writes the unified record with nulls for measures and, if the stream exists, its final summary line. False if that
// cannot be written.
bool record_failure(const CellSpec& cell, const CellEnd& end);

}  // namespace host::cell

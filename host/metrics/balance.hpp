// How evenly work is spread.
#pragma once

#include <vector>

namespace host::metrics {

// Jain's index (sum x)^2 / (n sum x^2), and 1 - sigma/mu; x must not be empty nor all zero.
double jain_index(const std::vector<double>& x);
double sigma_balance(const std::vector<double>& x);

}  // namespace host::metrics

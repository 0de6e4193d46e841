// The paper kit: tables (booktabs) and figures (pgfplots) that compile with pdflatex, alone or in someone's paper.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace host::report {

struct TexFile {
  std::string name;  // letters, digits, '-' and a suffix: safe in \input and in a shell
  std::string text;
};

// main.tex, which inputs all others; preamble.tex; claims.tex; verdicts.tex; the figures of experiments; for each
// configuration a table, one of its parts (classes, tenants, phases, events) and figures with their .dat; the frontiers
// of searches. Reads the runs' folders.
std::vector<TexFile> latex_files(const compare::Comparison& comparison);

// Writes them into `folder`, which is made. Files of an earlier report that are not overwritten stay. Throws Error.
void write_latex(const compare::Comparison& comparison, const std::filesystem::path& folder);

}  // namespace host::report

// The parts that latex.cpp puts together.
#pragma once

#include <string>
#include <vector>

#include "report/latex/latex.hpp"

namespace host::report {

// Floats of at most 40 rows each; cells are LaTeX already.
struct TexTable {
  std::string columns;  // "lrr"
  std::vector<std::string> header;
  std::vector<std::string> rows;  // "a & b & c", or a whole line such as \midrule, which begins with a backslash
  std::string caption;
  std::string label;  // of tex_slug()'s characters
  std::string notes;  // below the last float
};
std::string to_tex(const TexTable& table);

// The row of `rows` that holds these cells.
std::string tex_row(const std::vector<std::string>& cells);

// A floating picture of `body`, which is pgfplots'; `label` goes behind "fig:".
std::string tex_figure(const std::string& body, const std::string& caption, const std::string& label);

// "03-q6-13d033eb1dc6": the number keeps configurations apart whatever they are called.
std::string stem_of(const compare::ComparedConfig& config, size_t index);

std::string verdict_table(const compare::Comparison& comparison);
// STEM.tex and, where the records have parts, STEM-parts.tex.
std::vector<TexFile> config_tables(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                                   const std::string& stem);

// STEM-latency.tex, STEM-progress.tex and their .dat; none where the runs' folders hold nothing to draw.
std::vector<TexFile> config_figures(const compare::ComparedConfig& config, const std::string& stem);
// experiment-NN-FIGURE.tex and their .dat, of the records of experiments.
std::vector<TexFile> experiment_files(const compare::Comparison& comparison);
// frontier-NN-WORKLOAD.tex for each workload and configuration that was searched for its capacity.
std::vector<TexFile> frontier_figures(const compare::Comparison& comparison);

// What the results say, as sentences: `file` is claims.tex, which defines \sageclaim{KEY} and \sagevalue{KEY}, and
// `paragraphs` has of each configuration what shows its paragraph.
struct TexClaims {
  TexFile file;
  std::vector<std::string> paragraphs;
};
TexClaims tex_claims(const compare::Comparison& comparison);

}  // namespace host::report

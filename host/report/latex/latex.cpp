#include "report/latex/latex.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "base/output_file.hpp"
#include "report/figures/figures.hpp"
#include "report/latex/parts.hpp"
#include "report/latex/tex.hpp"

namespace host::report {
namespace {

// Everything is found below \sagedir, so that a paper elsewhere can input the files. The colours are Okabe and Ito's,
// told apart by colour-blind readers, and each has a dash pattern of its own for print in grey.
constexpr auto preamble =
    R"tex(% For the preamble of a paper. Set \sagedir to the folder of these files before it if that is not the current one.
\providecommand{\sagedir}{.}
\usepackage{booktabs,colortbl,graphicx,xcolor,pgfplots}
\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.16}
\definecolor{sageA}{HTML}{0072B2}
\definecolor{sageB}{HTML}{D55E00}
\definecolor{sageC}{HTML}{009E73}
\definecolor{sageD}{HTML}{CC79A7}
\definecolor{sageE}{HTML}{E69F00}
\definecolor{sageF}{HTML}{56B4E9}
\pgfplotscreateplotcyclelist{sage}{%
  {sageA,thick,solid},{sageB,thick,densely dashed},{sageC,thick,dashdotted},%
  {sageD,thick,densely dotted},{sageE,thick,loosely dashed},{sageF,thick,dashdotdotted}}
\pgfplotsset{sage/.style={width=\linewidth,cycle list name=sage,grid=major,grid style={gray!25},
  tick label style={font=\footnotesize},label style={font=\footnotesize},
  legend style={font=\footnotesize,draw=none,fill=none,at={(0.5,1.03)},anchor=south,legend columns=3},
  unbounded coords=jump,scaled ticks=false,enlarge x limits=false}}
% No wider than a line.
\newsavebox{\sagebox}
\newcommand{\sagefit}[1]{\sbox{\sagebox}{#1}\ifdim\wd\sagebox>\linewidth
  \resizebox{\linewidth}{!}{\usebox{\sagebox}}\else\usebox{\sagebox}\fi}
)tex";

std::string problem_list(const compare::Comparison& comparison) {
  std::string items;
  for (const auto& mismatch : comparison.mismatches) {
    std::string values;
    for (const auto& [side, value] : mismatch.values)
      values += fmt::format("{}{}: {}", values.empty() ? "" : "; ", tex_text(side), tex_text(value));
    items += fmt::format("\\item {} {}: sides differ in {}: {}\n", tex_text(mismatch.workload),
                         tex_text(mismatch.run_id.empty() ? mismatch.label : mismatch.run_id), tex_text(mismatch.field),
                         values);
  }
  for (const auto& problem : comparison.problems)
    items += fmt::format("\\item {}, line {}: {}\n", tex_text(problem.file.filename().string()), problem.line,
                         tex_text(problem.text));
  return items.empty() ? items : "\\section*{Mismatches and problems}\n\\begin{itemize}\n" + items + "\\end{itemize}\n";
}

}  // namespace

std::string stem_of(const compare::ComparedConfig& config, size_t index) {
  return fmt::format("{:02}-{}-{}", index + 1, tex_slug(config.workload), tex_slug(compare::config_name(config)));
}

std::vector<TexFile> latex_files(const compare::Comparison& comparison) {
  std::string body;
  std::vector<TexFile> out = {{"preamble.tex", preamble}};
  const auto add = [&](std::vector<TexFile> files) {
    for (auto& file : files) {
      if (file.name.ends_with(".tex")) body += fmt::format("\\input{{\\sagedir/{}}}\n", file.name);
      out.push_back(std::move(file));
    }
    body += "\\clearpage\n";  // LaTeX holds back a limited number of floats
  };
  add({{"verdicts.tex", verdict_table(comparison)}});
  // Figures of hundreds of points each: more than a few that wait for their page are too much for TeX's memory.
  std::vector<TexFile> few;
  size_t figures = 0;
  for (auto& file : experiment_files(comparison)) {
    figures += file.name.ends_with(".tex") ? 1U : 0U;
    few.push_back(std::move(file));
    if (figures < 2) continue;
    add(std::exchange(few, {}));
    figures = 0;
  }
  if (!few.empty()) add(std::move(few));
  auto claims = tex_claims(comparison);
  const auto detailed = detailed_configs(comparison);
  if (detailed < comparison.configs.size())
    body += fmt::format("The first {} of {} points of the experiment follow in detail.\n", detailed,
                        comparison.configs.size());
  for (size_t i = 0; i < detailed; ++i) {
    const auto& config = comparison.configs[i];
    const auto stem = stem_of(config, i);
    body += claims.paragraphs[i];
    add(config_tables(comparison, config, stem));
    add(config_figures(config, stem));
  }
  add(frontier_figures(comparison));
  out.push_back(std::move(claims.file));
  out.push_back({"main.tex", fmt::format("% pdflatex main.tex, twice for the references.\n"
                                         "\\documentclass{{article}}\n"
                                         "\\usepackage[margin=2cm]{{geometry}}\n"
                                         "\\input{{preamble.tex}}\n"
                                         "\\input{{claims.tex}}\n"
                                         "\\extrafloats{{500}}\n"
                                         "\\begin{{document}}\n{}{}\\end{{document}}\n",
                                         problem_list(comparison), body)});
  return out;
}

void write_latex(const compare::Comparison& comparison, const std::filesystem::path& folder) {
  const auto files = latex_files(comparison);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw base::Error(base::Exit::failed, fmt::format("cannot write in {}: {}; choose another folder with --latex",
                                                      folder.string(), error.message()));
  for (const auto& file : files) base::write_file(folder / file.name, file.text);
}

}  // namespace host::report

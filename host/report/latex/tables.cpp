#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compare/validity.hpp"
#include "report/latex/parts.hpp"
#include "report/latex/tex.hpp"
#include "report/metric_rows.hpp"
#include "report/verdict_rows.hpp"

namespace host::report {
namespace {

constexpr size_t rows_of_float = 40;
constexpr auto none = "---";

// "40.2 [39.1, 41.0]", and how many values there are where that is not the number of runs.
std::string values_cell(const SideValues& side, size_t runs) {
  const auto& values = side.values;
  if (values.empty()) return side.below ? "$<$ " + tex_number(*side.below) : std::string(none);
  const auto [least, most] = std::ranges::minmax(values);
  auto out = tex_number(compare::median(values));
  if (values.size() > 1) out += fmt::format(" [{}, {}]", tex_number(least), tex_number(most));
  if (values.size() != runs) out += fmt::format(" (n = {})", values.size());
  return out;
}

std::string ratio_cell(const compare::MetricResult* result) {
  if (result == nullptr || !result->interval) return none;
  const auto& [ratio, low, high] = *result->interval;
  return fmt::format("{} [{}, {}]", tex_number(ratio), tex_number(low), tex_number(high));
}

size_t usable_runs(const compare::SideResults& side) {
  return static_cast<size_t>(
      std::ranges::count_if(side.repetitions, [](const auto* run) { return compare::usable(*run); }));
}

std::string row_of(const compare::ComparedConfig& config, const MetricRow& row) {
  auto name = metric_text(row.name);
  if (!row.unit.empty()) name += fmt::format(" ({})", row.unit);
  std::vector<std::string> cells = {tex_text(name)};
  for (size_t i = 0; i < config.sides.size(); ++i)
    cells.push_back(values_cell(row.sides[i], usable_runs(config.sides[i])));
  for (size_t i = 1; i < config.sides.size(); ++i) {
    const auto* result = compare::find_result(config, config.sides[i].side, row.scope, row.name);
    cells.push_back(ratio_cell(result));
    cells.emplace_back(result == nullptr ? none : compare::to_string(result->verdict));
  }
  return tex_row(cells);
}

// "latency p99, ttft p50: needs 1000 samples, has 300 (sage)": each reason once.
std::string missing_notes(const compare::ComparedConfig& config, const std::vector<MetricRow>& rows) {
  std::vector<std::pair<std::string, std::string>> notes;  // by what is said of the sides: the metrics
  for (const auto& row : rows) {
    std::vector<std::pair<std::string, std::string>> sides;  // by reason: who
    for (size_t i = 0; i < config.sides.size(); ++i) {
      const auto& reason = row.sides[i].reason;
      if (reason.empty()) continue;
      const auto known = std::ranges::find(sides, reason, &std::pair<std::string, std::string>::first);
      if (known == sides.end())
        sides.emplace_back(reason, tex_text(config.sides[i].side));
      else
        known->second += ", " + tex_text(config.sides[i].side);
    }
    for (const auto& [reason, who] : sides) {
      const auto said = fmt::format("{} ({})", tex_text(reason), who);
      const auto name = tex_text(metric_text(row.name));
      const auto known = std::ranges::find(notes, said, &std::pair<std::string, std::string>::first);
      if (known == notes.end())
        notes.emplace_back(said, name);
      else if (known->second.find(name) == std::string::npos)
        known->second += ", " + name;
    }
  }
  std::string out;
  for (const auto& [said, names] : notes) out += fmt::format("{}: {}. ", names, said);
  return out.empty() ? out : "Without a value: " + out;
}

std::string caption_of(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                       std::string_view what) {
  std::vector<std::string> sides;
  for (const auto& side : config.sides) sides.push_back(tex_text(runs_text(side)));
  auto out = fmt::format("{}: {}. Median [least, greatest] over the repetitions of {}", tex_text(config_text(config)),
                         what, fmt::join(sides, ", "));
  if (config.sides.size() < 2) return out + ".";
  return out + fmt::format("; ratio to {} with its {:.4g}\\,\\% confidence interval; margin {:.4g}\\,\\%.",
                           tex_text(config.sides[0].side), comparison.confidence * 100, comparison.margin * 100);
}

TexTable frame(const compare::ComparedConfig& config) {
  TexTable out{.columns = "l", .header = {"metric"}, .rows = {}, .caption = {}, .label = {}, .notes = {}};
  for (const auto& side : config.sides) {
    out.columns += 'r';
    out.header.push_back(tex_text(side.side));
  }
  for (size_t i = 1; i < config.sides.size(); ++i) {
    out.columns += "rl";
    out.header.push_back(fmt::format("{} / {}", tex_text(config.sides[i].side), tex_text(config.sides[0].side)));
    out.header.emplace_back("verdict");
  }
  return out;
}

// Where to break before row `end`: the title of a group stays with the rows that it is for.
size_t part_end(const std::vector<std::string>& rows, size_t end) {
  end = std::min(end, rows.size());
  while (end > 0 && rows[end - 1].starts_with('\\')) --end;
  return end;
}

std::string total_table(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                        const std::vector<MetricRow>& rows, const std::string& stem) {
  auto table = frame(config);
  for (const auto& row : rows)
    if (row.measured()) table.rows.push_back(row_of(config, row));
  table.caption = caption_of(comparison, config, "all requests");
  if (config.sides.size() > 1) table.caption += fmt::format(" Verdict: {}.", compare::to_string(config.verdict));
  table.label = "tab:" + stem;
  if (!config.reason.empty()) table.notes += tex_text(config.reason) + ". ";
  for (const auto& side : config.sides) {
    for (const auto& problem : side.problems)
      table.notes += fmt::format("{}: {}. ", tex_text(side.side), tex_text(problem));
    if (const auto noisy = compare::noisy_runs(side.repetitions); !noisy.empty())
      table.notes += fmt::format("{}: {}. ", tex_text(side.side), tex_text(noisy));
  }
  table.notes += missing_notes(config, rows);
  return to_tex(table);
}

// Their missing values are told by the dashes: hundreds of classes would fill pages with reasons.
std::string part_table(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                       const std::vector<MetricRow>& rows, const std::string& stem) {
  auto table = frame(config);
  std::string scope;
  for (const auto& row : rows) {
    if (!row.measured()) continue;
    if (row.scope != scope) {
      if (!scope.empty()) table.rows.emplace_back("\\addlinespace");
      scope = row.scope;
      table.rows.push_back(
          fmt::format("\\multicolumn{{{}}}{{l}}{{\\itshape {}}}\\\\", table.header.size(), tex_text(scope)));
    }
    table.rows.push_back(row_of(config, row));
  }
  if (table.rows.empty()) return {};
  table.caption = caption_of(comparison, config, "its parts");
  table.label = "tab:" + stem + "-parts";
  return to_tex(table);
}

}  // namespace

std::string tex_row(const std::vector<std::string>& cells) { return fmt::format("{{}}{}", fmt::join(cells, " & ")); }

std::string to_tex(const TexTable& table) {
  std::string out;
  const auto floats = std::max<size_t>(1, (table.rows.size() + rows_of_float - 1) / rows_of_float);
  const auto rows_each = (table.rows.size() + floats - 1) / floats;  // so that none has a single row
  size_t at = 0;
  for (size_t part = 0; part < floats; ++part) {
    out += "\\begin{table}[htbp]\n\\centering\\footnotesize\n";
    out += part == 0 ? fmt::format("\\caption{{{}}}\\label{{{}}}\n", table.caption, table.label)
                     : fmt::format("\\caption{{Continuation of table~\\ref{{{}}}.}}\n", table.label);
    out += fmt::format("\\sagefit{{\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n", table.columns,
                       tex_row(table.header));
    const auto end = part + 1 == floats ? table.rows.size() : part_end(table.rows, at + rows_each);
    for (; at < end; ++at) out += table.rows[at] + (table.rows[at].starts_with('\\') ? "\n" : " \\\\\n");
    out += "\\bottomrule\n\\end{tabular}}\n";
    if (part + 1 == floats && !table.notes.empty())
      out += fmt::format("\\par\\smallskip\\parbox{{\\linewidth}}{{\\scriptsize\\raggedright {}}}\n", table.notes);
    out += "\\end{table}\n";
  }
  return out;
}

std::string verdict_table(const compare::Comparison& comparison) {
  TexTable table{.columns = "llllrrl",
                 .header = {"workload", "config", "candidate", "baseline", "runs", "throughput", "verdict"},
                 .rows = {},
                 .caption = {},
                 .label = "tab:verdicts",
                 .notes = {}};
  for (const auto& row : verdict_rows(comparison))
    table.rows.push_back(tex_row({tex_text(row.config.workload), tex_text(compare::config_name(row.config)),
                                  row.alone() ? none : tex_text(row.side.side), tex_text(row.baseline().side),
                                  row.runs(), ratio_cell(row.throughput), compare::to_string(row.judgement.verdict)}));
  table.caption = fmt::format(
      "Verdicts, with the ratio of throughput and its {:.4g}\\,\\% confidence interval; margin {:.4g}\\,\\%.",
      comparison.confidence * 100, comparison.margin * 100);
  return to_tex(table);
}

std::vector<TexFile> config_tables(const compare::Comparison& comparison, const compare::ComparedConfig& config,
                                   const std::string& stem) {
  std::vector<MetricRow> total;
  std::vector<MetricRow> parts;
  for (auto& row : headline_rows(config)) (row.kind == metrics::in_total ? total : parts).push_back(std::move(row));
  std::vector<TexFile> out = {{stem + ".tex", total_table(comparison, config, total, stem)}};
  if (auto text = part_table(comparison, config, parts, stem); !text.empty())
    out.push_back({stem + "-parts.tex", std::move(text)});
  return out;
}

}  // namespace host::report

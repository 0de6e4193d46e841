// claims.tex: what the results say as sentences, each with its numbers, its interval and the hashes of what it is from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/canonical_json.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "compare/validity.hpp"
#include "report/latex/parts.hpp"
#include "report/latex/statements.hpp"
#include "report/latex/tex.hpp"

namespace host::report {
namespace {

constexpr size_t most_text = 2'000'000;  // bytes; TeX has room for some 5,000,000 characters of macros in all
constexpr size_t most_rows = 400;        // of one configuration: hundreds of classes are no prose

constexpr auto commands =
    R"tex(% What the results say, by sage-host report --latex: do not edit. In the preamble \input{claims.tex}, in the text
%   \sageclaim{KEY}        a sentence, and what it is from; KEY is a configuration (all of its sentences),
%                          CONFIGURATION/SIDE/METRIC or CONFIGURATION/CANDIDATE-vs-BASELINE/METRIC
%   \sagevalue{KEY/NAME}   one value: NAME is what stands behind the last slash below
% A key that is not there is an error: no number outlives the results that it is from.
\providecommand{\sageset}[2]{\expandafter\def\csname sage@#1\endcsname{#2}}
\providecommand{\sagevalue}[1]{\ifcsname sage@#1\endcsname\csname sage@#1\endcsname\else
  \PackageError{sage-host}{no claim or value is called '#1'}{claims.tex lists those that there are}\fi}
\providecommand{\sageclaim}[1]{\sagevalue{#1/says} (\sagevalue{#1/source})}
)tex";

// Under what it holds: of an experiment its point, and whether its repetitions share their seed.
std::string condition_of(const compare::ComparedConfig& config) {
  const auto& experiment = config.sides.front().repetitions.front()->metadata({"experiment"});
  const auto point = base::text(experiment, "point_name");
  if (point.empty()) return long_text(config_text(config));
  const auto* seeds = base::text(experiment, "seeds") == "per-block" ? "a seed for each repetition" : "one seed";
  return fmt::format("{}, {}, {}", tex_text(config.workload), long_text(point), seeds);
}

// What a paragraph tells of the whole run: what decides verdicts, and what the families of workloads are about.
std::vector<std::string> paragraph_metrics(const std::vector<MetricRow>& rows) {
  std::vector<std::string> out = {"capacity",     "throughput", "goodput",         "success_rate", "slo_attainment",
                                  "availability", "mttr",       "isolation_index", "load_balance"};
  for (const auto* name : metrics::tail_latencies)
    if (const auto* row = find_row(rows, "total", name); row != nullptr && row->measured()) {
      out.emplace_back(name);
      break;
    }
  return out;
}

class Claims {
 public:
  explicit Claims(const compare::Comparison& comparison) : comparison_(comparison) { text_ = commands; }

  // What shows its paragraph; empty if there is no room for it.
  std::string add(const compare::ComparedConfig& config, const std::string& stem) {
    if (text_.size() > most_text) {
      ++left_out_;
      return {};
    }
    text_ += fmt::format("\n% {}\n", long_text(config_text(config)));
    auto rows = headline_rows(config);
    if (rows.size() > most_rows) rows.resize(most_rows);
    std::vector<std::string> sides;
    for (const auto& side : config.sides) {
      sides.push_back(unique(stem + "/" + tex_slug(side.side)));
      for (const auto* run : side.repetitions)
        if (compare::usable(*run))
          text_ += fmt::format("% record {} {} {}\n", record_hash(*run), tex_text(side.side), tex_text(run->run_id));
    }
    shown_ = paragraph_metrics(rows);
    std::string paragraph = condition_of(config) + ".";
    for (size_t i = 0; i < config.sides.size(); ++i) {
      const auto measured = measures(config, i, rows, sides[i]);
      if (config.sides.size() == 1) paragraph += measured;
    }
    for (size_t i = 1; i < config.sides.size(); ++i)
      paragraph += comparisons(config, config.sides[i], rows,
                               fmt::format("{}-vs-{}", sides[i], std::string_view(sides[0]).substr(stem.size() + 1)));
    SidePointers all;
    for (const auto& side : config.sides) all.push_back(&side);
    set(stem + "/says", paragraph + remarks_on(all));
    set(stem + "/source", source(all));
    return fmt::format("\\paragraph{{\\texttt{{{}}}}} \\sageclaim{{{}}}\n", stem, stem);
  }

  TexFile finish() {
    if (left_out_ > 0)
      text_ += fmt::format("\n% {} configurations are left out, for TeX's memory has an end: report fewer at a time.\n",
                           left_out_);
    return {"claims.tex", std::move(text_)};
  }

 private:
  // Both return the sentences of a paragraph.
  std::string measures(const compare::ComparedConfig& config, size_t side, const std::vector<MetricRow>& rows,
                       const std::string& of) {
    const auto limits = limits_of(comparison_, config, {&config.sides[side]});
    set(of + "/source", source({&config.sides[side]}));
    auto out = introduction(limits);
    for (const auto& row : rows) {
      const auto& values = row.sides[side];
      const auto key = claim(of, row, state_measure(row, values, config.sides[side].side), limits, out);
      set(key + "/n", fmt::format("{}", values.values.size()));
      if (values.values.empty()) continue;
      set(key + "/median", tex_number(compare::median(values.values)));
      set(key + "/least", tex_number(std::ranges::min(values.values)));
      set(key + "/greatest", tex_number(std::ranges::max(values.values)));
    }
    return out;
  }

  std::string comparisons(const compare::ComparedConfig& config, const compare::SideResults& candidate,
                          const std::vector<MetricRow>& rows, const std::string& of) {
    const SidePointers both = {&candidate, &config.sides[0]};
    const auto limits = limits_of(comparison_, config, both);
    set(of + "/source", source(both));
    auto out = introduction(limits);
    for (const auto& row : rows) {
      const auto* result = compare::find_result(config, candidate.side, row.scope, row.name);
      if (result == nullptr) continue;
      const auto key = claim(of, row, state_comparison(*result, comparison_), limits, out);
      set(key + "/verdict", compare::to_string(result->verdict));
      set(key + "/n", count_text(*result));
      if (!result->interval) continue;
      set(key + "/ratio", tex_number(result->interval->ratio));
      set(key + "/low", tex_number(result->interval->low));
      set(key + "/high", tex_number(result->interval->high));
    }
    return out;
  }

  static std::string introduction(const std::string& limits) {
    return limits.empty() ? std::string() : fmt::format(" What follows holds {}.", limits);
  }

  std::string claim(const std::string& of, const MetricRow& row, const Statement& statement, const std::string& limits,
                    std::string& paragraph) {
    const bool total = row.scope == "total";
    auto key = unique(fmt::format("{}/{}{}", of, total ? "" : tex_slug(row.scope) + "/", tex_slug(row.name)));
    const bool limited = statement.carries == "claim" && !limits.empty();
    set(key + "/says", with_limits(statement, limits));
    set(key + "/carries", limited ? "limited" : statement.carries);
    set(key + "/source", fmt::format("\\sagevalue{{{}/source}}", of));
    if (total && std::ranges::find(shown_, row.name) != shown_.end()) paragraph += " " + with_limits(statement, {});
    return key;
  }

  void set(const std::string& key, const std::string& value) {
    text_ += fmt::format("\\sageset{{{}}}{{{}}}\n", key, value);
  }

  // Names that differ may have the same slug.
  std::string unique(const std::string& key) {
    auto out = key;
    for (size_t n = 2; !keys_.insert(out).second; ++n) out = fmt::format("{}-{}", key, n);
    return out;
  }

  const std::string& record_hash(const compare::ResultRecord& record) {
    auto& hash = hashes_[&record];
    if (hash.empty()) hash = base::sha256_hex(base::canonical_json(nlohmann::json(record.columns)));
    return hash;
  }

  // The configuration, and the SHA-256 over those of the records, one behind the other.
  std::string source(const SidePointers& sides) {
    std::set<std::string> configs;
    std::string records;
    for (const auto* side : sides)
      for (const auto* run : side->repetitions) {
        if (!compare::usable(*run)) continue;
        configs.insert(run->config_hash.empty() ? "not given" : base::short_hash(run->config_hash));
        records += record_hash(*run);
      }
    if (records.empty()) return "no usable record";
    return fmt::format("config {}, records {}", tex_text(fmt::format("{}", fmt::join(configs, ", "))),
                       base::short_hash(base::sha256_hex(records)));
  }

  const compare::Comparison& comparison_;
  std::string text_;
  std::vector<std::string> shown_;  // metrics of a paragraph
  std::set<std::string> keys_;
  std::map<const compare::ResultRecord*, std::string> hashes_;
  size_t left_out_ = 0;
};

}  // namespace

TexClaims tex_claims(const compare::Comparison& comparison) {
  Claims claims(comparison);
  TexClaims out;
  for (size_t i = 0; i < comparison.configs.size(); ++i)
    out.paragraphs.push_back(claims.add(comparison.configs[i], stem_of(comparison.configs[i], i)));
  out.file = claims.finish();
  return out;
}

}  // namespace host::report

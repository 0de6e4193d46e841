#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "compare/validity.hpp"
#include "records/summary.hpp"
#include "report/latex/parts.hpp"
#include "report/latex/tex.hpp"
#include "report/metric_rows.hpp"
#include "report/run_data.hpp"

namespace host::report {
namespace {

using base::field;
using base::list;
using base::number;
using base::text;
using Json = nlohmann::ordered_json;

constexpr size_t most_marks = 60;  // faults and changes drawn in one figure

struct SideCurves {
  std::string side;
  size_t pooled = 0;            // repetitions in `latency`
  metrics::Histogram latency;   // ns
  std::vector<Json> intervals;  // measured ones, of one repetition
  std::vector<Json> events;     // of the same
};

SideCurves read_curves(const compare::SideResults& side) {
  SideCurves out{.side = side.side, .pooled = 0, .latency = {}, .intervals = {}, .events = {}};
  for (const auto* run : side.repetitions) {
    if (!compare::usable(*run) || run->folder.empty()) continue;
    auto data = read_run_data(run->folder);
    if (const auto all = data.latency.find(""); all != data.latency.end() && !all->second.empty()) {
      out.latency.merge(all->second);
      ++out.pooled;
    }
    if (!out.intervals.empty()) continue;
    std::erase_if(data.intervals, [](const Json& interval) { return field(interval, "warmup") == true; });
    out.intervals = std::move(data.intervals);
    out.events = std::move(data.events);
  }
  return out;
}

std::string number_text(const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : "nan"; }

std::string plot(const std::string& options, const std::string& file, std::string_view y, const std::string& name) {
  return fmt::format("\\addplot+[mark=none{}] table[y={}] {{\\sagedir/{}}};\n", options, y, file) +
         (name.empty() ? "" : fmt::format("\\addlegendentry{{{}}}\n", name));
}

// Quantiles at even distances on the axis, up to the last one that has 10 values above it.
std::string latency_data(const metrics::Histogram& latency) {
  std::string out = "x quantile ms\n";
  constexpr int points_a_decade = 20, decades_max = 12;
  for (int i = 0; i <= points_a_decade * decades_max; ++i) {
    const double x = std::pow(10, static_cast<double>(i) / points_a_decade);
    const auto value = metrics::quantile_ns(latency, 1 - 1 / x);
    if (!value) break;
    out += fmt::format("{:.6g} {:.8g} {:.6g}\n", x, 1 - 1 / x, *value / 1e6);
  }
  return out;
}

void add_latency(std::vector<TexFile>& out, const compare::ComparedConfig& config, const std::vector<SideCurves>& sides,
                 const std::string& stem) {
  std::string plots;
  std::string pooled;
  for (size_t i = 0; i < sides.size(); ++i) {
    const auto& side = sides[i];
    if (!metrics::quantile_ns(side.latency, 0)) continue;
    const auto file = fmt::format("{}-latency-{}.dat", stem, i + 1);
    out.push_back({file, latency_data(side.latency)});
    plots += plot("", file, "ms", tex_text(side.side));
    pooled += fmt::format("{}{} ({} requests of {} run{})", pooled.empty() ? "" : ", ", tex_text(side.side),
                          side.latency.count(), side.pooled, side.pooled == 1 ? "" : "s");
  }
  if (plots.empty()) return;
  const auto axis =
      "\\begin{axis}[sage,height=0.5\\linewidth,xmode=log,ymin=0,xlabel={percentile},ylabel={latency (ms)},\n"
      "  xtick={1,2,10,100,1000,10000,100000,1000000,10000000},\n"
      "  xticklabels={0,50,90,99,99.9,99.99,99.999,99.9999,99.99999}]\n";
  out.push_back(
      {stem + "-latency.tex",
       tex_figure(axis + plots + "\\end{axis}\n",
                  fmt::format("{}: latency by percentile of the pooled ok requests: {}. Each curve ends where "
                              "fewer than 10 requests lie above it.",
                              tex_text(config_text(config)), pooled),
                  stem + "-latency")});
}

// The highest percentile that most intervals of every side have; empty if there is none.
std::string shown_percentile(const std::vector<SideCurves>& sides) {
  for (const auto* name : metrics::tail_latencies) {
    const bool known = std::ranges::all_of(sides, [&](const SideCurves& side) {
      const auto n = std::ranges::count_if(side.intervals, [&](const Json& i) { return number(i, name).has_value(); });
      return 2 * static_cast<size_t>(n) >= side.intervals.size();
    });
    if (known) return name;
  }
  return {};
}

std::string progress_data(const std::vector<Json>& intervals, const std::string& percentile) {
  std::string out = "s throughput ms\n";
  for (const auto& interval : intervals) {
    const auto begin = number(interval, "begin_s");
    const auto end = number(interval, "end_s");
    if (!begin || !end || *end <= *begin) continue;
    auto rate = number(field(interval, "outcomes"), "ok");
    if (rate) *rate /= *end - *begin;
    out += fmt::format("{:.6g} {} {}\n", *end, number_text(rate),
                       number_text(percentile.empty() ? std::nullopt : number(interval, percentile)));
  }
  return out;
}

// Dashed lines where a fault was injected or healed, or the deployment changed.
std::string marks(const std::vector<Json>& events) {
  constexpr std::array colours = {std::pair{"fault", "red"}, std::pair{"heal", "green!60!black"},
                                  std::pair{"reconfigure", "blue"}};
  std::string out;
  size_t drawn = 0;
  for (const auto& event : events) {
    const auto at = number(event, "due_s");
    const auto colour =
        std::ranges::find(colours, text(event, "kind"), [](const auto& c) { return std::string(c.first); });
    if (!at || *at < 0 || colour == colours.end() || drawn == most_marks) continue;
    ++drawn;
    out += fmt::format(
        "\\draw[{},thin,densely dashed] ({{axis cs:{:.6g},0}}|-{{rel axis cs:0,0}}) -- "
        "({{axis cs:{:.6g},0}}|-{{rel axis cs:0,1}});\n",
        colour->second, *at, *at);
  }
  return out;
}

void add_progress(std::vector<TexFile>& out, const compare::ComparedConfig& config, std::vector<SideCurves> sides,
                  const std::string& stem) {
  std::erase_if(sides, [](const SideCurves& side) { return side.intervals.size() < 2; });
  if (sides.empty()) return;
  const auto percentile = shown_percentile(sides);
  std::string throughput;
  std::string latency;
  std::string drawn;
  for (size_t i = 0; i < sides.size(); ++i) {
    const auto file = fmt::format("{}-progress-{}.dat", stem, i + 1);
    out.push_back({file, progress_data(sides[i].intervals, percentile)});
    throughput += plot(",const plot mark right", file, "throughput", tex_text(sides[i].side));
    latency += plot(",const plot mark right", file, "ms", "");
    if (drawn.empty()) drawn = marks(sides[i].events);
  }
  const auto caption_marks =
      drawn.empty() ? "" : " Dashed: faults (red), their healing (green), changes of the deployment (blue).";
  const auto name = metric_text(percentile);
  auto body = fmt::format(
      "\\begin{{groupplot}}[sage,group style={{group size=1 by {},vertical sep=4mm,x descriptions "
      "at=edge bottom}},\n  height=0.32\\linewidth,ymin=0,xlabel={{time (s)}}]\n"
      "\\nextgroupplot[ylabel={{ok (1/s)}}]\n{}{}",
      percentile.empty() ? 1 : 2, drawn, throughput);
  if (!percentile.empty()) body += fmt::format("\\nextgroupplot[ylabel={{{} (ms)}}]\n{}{}", name, drawn, latency);
  out.push_back(
      {stem + "-progress.tex",
       tex_figure(body + "\\end{groupplot}\n",
                  fmt::format("{}: throughput{} of the first usable repetition over time.{}",
                              tex_text(config_text(config)), percentile.empty() ? "" : " and " + name, caption_marks),
                  stem + "-progress")});
}

// What searches of one workload and configuration found: nodes and, of each search, the capacity.
using CapacityByNodes = std::map<double, std::vector<double>>;

struct Frontiers {
  std::string workload;
  std::string hash;
  std::string label;  // of a configuration of sides that keys tell apart
  std::map<std::string, CapacityByNodes> sides;
  std::optional<double> attainment;
  std::set<std::filesystem::path> read;  // each node count is a configuration of its own, with the same folder
};

void add_frontier(Frontiers& to, const std::string& side, const Json& frontier) {
  for (const auto& point : list(field(frontier, "points")))
    if (const auto nodes = number(point, "nodes"), capacity = number(point, "capacity"); nodes && capacity)
      to.sides[side][*nodes].push_back(*capacity);
  if (!to.attainment) to.attainment = number(frontier, "attainment");
}

std::vector<Frontiers> read_frontiers(const compare::Comparison& comparison) {
  std::vector<Frontiers> out;
  for (const auto& config : comparison.configs) {
    auto known = std::ranges::find_if(out, [&](const Frontiers& f) {
      return f.workload == config.workload && f.hash == config.config_hash && f.label == config.label;
    });
    for (const auto& side : config.sides) {
      for (const auto* run : side.repetitions) {
        // only records of a search say so; others need no look into their folders
        if (run->folder.empty() || !run->metadata({"search"}).is_object()) continue;
        if (known == out.end())
          known = out.insert(out.end(), {config.workload, config.config_hash, config.label, {}, {}, {}});
        if (known->read.insert(run->folder).second)
          add_frontier(*known, side.side, read_run_data(run->folder).frontier);
      }
    }
  }
  std::erase_if(out, [](const Frontiers& frontiers) { return frontiers.sides.empty(); });
  // Where node counts tell labels apart, each would show the same searches.
  for (auto it = out.begin(); it != out.end(); ++it)
    out.erase(std::remove_if(it + 1, out.end(), [&](const Frontiers& other) { return other.read == it->read; }),
              out.end());
  return out;
}

}  // namespace

std::string tex_figure(const std::string& body, const std::string& caption, const std::string& label) {
  return fmt::format(
      "\\begin{{figure}}[htbp]\n\\centering\n\\begin{{tikzpicture}}\n{}\\end{{tikzpicture}}\n"
      "\\caption{{{}}}\\label{{fig:{}}}\n\\end{{figure}}\n",
      body, caption, label);
}

std::vector<TexFile> config_figures(const compare::ComparedConfig& config, const std::string& stem) {
  std::vector<SideCurves> sides;
  sides.reserve(config.sides.size());
  for (const auto& side : config.sides) sides.push_back(read_curves(side));
  std::vector<TexFile> out;
  add_latency(out, config, sides, stem);
  add_progress(out, config, std::move(sides), stem);
  return out;
}

std::vector<TexFile> frontier_figures(const compare::Comparison& comparison) {
  std::vector<TexFile> out;
  size_t figures = 0;
  for (const auto& frontiers : read_frontiers(comparison)) {
    const auto stem = fmt::format("frontier-{:02}-{}", ++figures, tex_slug(frontiers.workload));
    size_t curves = 0;
    std::string plots;
    std::string ticks;
    std::set<double> nodes;
    for (const auto& [side, capacities] : frontiers.sides) {
      std::string data = "nodes rate\n";
      for (const auto& [n, found] : capacities) {
        data += fmt::format("{:.6g} {:.6g}\n", n, compare::median(found));
        nodes.insert(n);
      }
      const auto file = fmt::format("{}-{}.dat", stem, ++curves);
      plots += fmt::format(
          "\\addplot+[mark=*,mark options={{solid}}] table[y=rate] {{\\sagedir/{}}};\n"
          "\\addlegendentry{{{}}}\n",
          file, tex_text(side));
      out.push_back({file, std::move(data)});
    }
    for (const auto n : nodes) ticks += fmt::format("{}{:.6g}", ticks.empty() ? "" : ",", n);
    const auto axis = fmt::format(
        "\\begin{{axis}}[sage,height=0.5\\linewidth,ymin=0,xlabel={{nodes}},ylabel={{capacity (1/s)}},xtick={{{}}}]\n",
        ticks);
    const auto objective =
        frontiers.attainment
            ? fmt::format("the largest rate at which {:.4g}\\,\\% of the requests met their objectives",
                          *frontiers.attainment * 100)
            : std::string("the largest rate that met the objectives");
    out.push_back({stem + ".tex", tex_figure(axis + plots + "\\end{axis}\n",
                                             fmt::format("{}, {}: capacity by nodes: {}, median over the searches.",
                                                         tex_text(frontiers.workload),
                                                         frontiers.label.empty()
                                                             ? "config " + tex_text(base::short_hash(frontiers.hash))
                                                             : tex_text(frontiers.label),
                                                         objective),
                                             stem)});
  }
  return out;
}

}  // namespace host::report

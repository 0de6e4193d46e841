// Bars by configuration and side, with the range over the repetitions, as gnuplot scripts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/utf8.hpp"
#include "report/artefact_texts.hpp"
#include "report/metric_rows.hpp"

namespace host::report {
namespace {

// Okabe and Ito (2008): told apart also by people who see colours differently.
constexpr std::array colours = {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999"};

// A single-quoted string: gnuplot takes everything in it as it is but the quote.
std::string literal(std::string_view raw) {
  const auto text = base::shown_text(raw);
  constexpr size_t longest = 48;  // bytes
  std::string out = "'";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (i >= longest && (c & 0xC0) != 0x80) {  // between two characters of UTF-8
      out += "...";
      break;
    }
    if (c == '\'')
      out += "''";
    else
      out += text[i];
  }
  return out + "'";
}

std::vector<std::string> sides_of(const compare::Comparison& comparison) {
  std::vector<std::string> out;
  for (const auto& config : comparison.configs)
    for (const auto& side : config.sides)
      if (std::ranges::find(out, side.side) == out.end()) out.push_back(side.side);
  return out;
}

std::string tics(const compare::Comparison& comparison) {
  std::map<std::string, size_t> configs;
  for (const auto& config : comparison.configs) ++configs[config.workload];
  std::string out;
  for (size_t i = 0; i < comparison.configs.size(); ++i) {
    const auto& config = comparison.configs[i];
    auto label = config.workload;
    if (configs[config.workload] > 1 && !config.label.empty())
      label += " " + config.label;
    else if (configs[config.workload] > 1)
      label += fmt::format(" n={} {}", config.nodes ? fmt::format("{}", *config.nodes) : "?",
                           config.config_hash.substr(0, 6));
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", literal(label), i);
  }
  return out;
}

// A block of rows "x median least greatest width" for each side that has values, and the command that draws them.
std::string bars(const compare::Comparison& comparison, std::string_view name, std::string_view title,
                 std::string_view unit) {
  const auto sides = sides_of(comparison);
  const double width = 0.8 / static_cast<double>(std::max<size_t>(1, sides.size()));
  std::vector<std::vector<MetricRow>> metrics;
  for (const auto& config : comparison.configs) metrics.push_back(metric_rows(config));
  std::string blocks;
  std::string draw;
  for (size_t s = 0; s < sides.size(); ++s) {
    std::string rows;
    for (size_t i = 0; i < comparison.configs.size(); ++i) {
      const auto* metric = find_row(metrics[i], "total", name);
      for (size_t k = 0; metric != nullptr && k < metric->sides.size(); ++k) {
        const auto& values = metric->sides[k].values;
        if (comparison.configs[i].sides[k].side != sides[s] || values.empty()) continue;
        const auto [least, greatest] = std::ranges::minmax(values);
        rows += fmt::format("{:.4f} {:.9g} {:.9g} {:.9g} {:.4f}\n",
                            static_cast<double>(i) - 0.4 + (static_cast<double>(s) + 0.5) * width,
                            compare::median(values), least, greatest, width * 0.9);
      }
    }
    if (rows.empty()) continue;
    const auto block = fmt::format("${}_{}", name, s);
    blocks += fmt::format("{} << EOD\n{}EOD\n", block, rows);
    draw += fmt::format("{}{} using 1:2:3:4:5 with boxerrorbars title {} linecolor rgb '{}'",
                        draw.empty() ? "plot " : ", ", block, literal(sides[s]), colours[s % colours.size()]);
  }
  auto out = fmt::format("{}set title {}\nset ylabel {}\n", blocks, literal(title), literal(unit));
  if (draw.empty())
    return out +
           "unset xtics\nunset ytics\nset yrange [0:1]\nset label 1 'nothing was measured' at graph 0.5, graph 0.5 "
           "center\n"
           "plot NaN notitle\nunset label 1\n";
  return out + fmt::format("set yrange [0:*]\nset ytics\nset xtics ({}) {} noenhanced\n{}\n", tics(comparison),
                           comparison.configs.size() > 6 ? "rotate by -40" : "norotate", draw);
}

std::string page(const compare::Comparison& comparison, size_t height) {
  size_t drawn = 0;
  for (const auto& config : comparison.configs) drawn += config.sides.size();
  const auto width = std::clamp<size_t>(300 + 40 * drawn, 900, 8000);
  return fmt::format(
      "set encoding utf8\nset terminal pngcairo noenhanced size {},{}\nset output 'plot.png'\n"
      "set style fill solid 0.8 noborder\nset errorbars 0.6 linecolor rgb '#333333' linewidth 1.5\nset grid ytics\nset "
      "key outside top right noenhanced\n"
      "set xrange [-0.6:{:.1f}]\n",
      width, height, static_cast<double>(std::max<size_t>(1, comparison.configs.size())) - 0.4);
}

}  // namespace

std::string throughput_plot(const compare::Comparison& comparison) {
  return page(comparison, 600) + bars(comparison, "throughput", "Throughput: median and range of repetitions", "1/s");
}

std::string latency_plot(const compare::Comparison& comparison) {
  return page(comparison, 1000) + "set multiplot layout 2,1\n" +
         bars(comparison, "latency_p95", "Latency p95: median and range of repetitions", "ms") +
         bars(comparison, "latency_p99", "Latency p99: median and range of repetitions", "ms") + "unset multiplot\n";
}

}  // namespace host::report

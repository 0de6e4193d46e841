#include "load/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/quote.hpp"
#include "load/arrivals.hpp"

namespace host::load {
namespace {

constexpr double ns_per_s = 1e9;

// The tick of the Mooncake traces' clock: a volley is never spread over more, so that a pause stays a pause.
constexpr int64_t spread_step_ns_max = 3'000'000'000;
// Rows of one timestamp are counted before the first of them is due; so many fit into 32 MiB.
constexpr size_t volley_rows_max = size_t{1} << 20;

// Compressed or UTF-16 files are the likely mistakes; say so rather than quote their bytes.
std::string unknown_format(std::string_view line) {
  const auto starts = [&](std::string_view magic) { return line.starts_with(magic); };
  if (starts("\x1f\x8b") || starts("\x28\xb5\x2f\xfd") || starts("PK\x03\x04"))
    return "the file is compressed; unpack it first";
  if (starts("\xff\xfe") || starts("\xfe\xff")) return "the file is UTF-16 text; convert it to UTF-8 first";
  return fmt::format(
      "{} begins neither an Azure trace (a header TIMESTAMP,ContextTokens,GeneratedTokens) nor a Mooncake trace (JSON "
      "objects, one a line)",
      base::in_quotes(line));
}

class TraceArrivals final : public Arrivals {
 public:
  explicit TraceArrivals(const LoadConfig& config)
      : reader_(config.trace, config.trace_limit),
        file_(base::one_line(config.trace.filename().string())),
        uniform_(config.trace_spread == "uniform"),
        speed_(config.trace_speed) {}

  size_t next(Due* rows, size_t n) override {
    size_t filled = 0;
    while (filled < n && (at_ < volley_.size() || read_volley())) rows[filled++] = due(volley_[at_++]);
    return filled;
  }
  [[nodiscard]] nlohmann::json notes() const override {
    const auto seen = summary_.result(reader_.format());
    return {{"process", "trace"},    {"file", file_},
            {"format", seen.format}, {"rows", seen.rows},
            {"span_s", seen.span_s}, {"spread", uniform_ ? "uniform" : "none"},
            {"speed", speed_},       {"mean_rate", seen.mean_rate},
            {"cv", seen.cv},         {"quantised_step_s", seen.quantised_step_s}};
  }

 private:
  [[nodiscard]] Due due(const TraceRow& row) const {
    const double at_ns = static_cast<double>(row.at_ns) / speed_;
    return {.at_ns = at_ns < static_cast<double>(latest_due_ns) ? static_cast<int64_t>(at_ns) : latest_due_ns,
            .key = row.key,
            .units_in = row.units_in,
            .units_out = row.units_out};
  }
  // The next row, or, to be spread, all rows of the next timestamp. False at the end.
  bool read_volley() {
    volley_.clear();
    at_ = 0;
    const auto first = ahead_ ? std::exchange(ahead_, std::nullopt) : reader_.next();
    if (!first) return false;
    volley_.push_back(*first);
    if (uniform_) {
      while ((ahead_ = reader_.next()) && ahead_->at_ns == first->at_ns) {
        if (volley_.size() == volley_rows_max)
          throw base::usage_error(
              fmt::format("{}: more than {} rows share a timestamp, too many to spread; use --trace-spread none", file_,
                          volley_rows_max));
        volley_.push_back(*ahead_);
      }
    }
    for (const auto& row : volley_) summary_.add(row);
    if (uniform_) spread_volley();
    return true;
  }
  // Evenly from its timestamp to the next one; the last volley, over a step like the one before.
  void spread_volley() {
    const int64_t begin_ns = volley_.front().at_ns;
    if (ahead_) step_ns_ = std::min(ahead_->at_ns - begin_ns, spread_step_ns_max);
    const auto count = static_cast<int64_t>(volley_.size());
    for (int64_t i = 0; i < count; ++i) volley_[static_cast<size_t>(i)].at_ns = begin_ns + step_ns_ * i / count;
  }

  TraceReader reader_;
  std::string file_;
  bool uniform_;
  double speed_;
  std::vector<TraceRow> volley_;  // rows to return next, from at_
  size_t at_ = 0;
  std::optional<TraceRow> ahead_;  // read already: begins the volley after
  int64_t step_ns_ = spread_step_ns_max;
  TraceSummary summary_;
};

}  // namespace

template <class Parse>
auto TraceReader::parse(std::string_view line, const Parse& parse_line) {
  try {
    return parse_line(line);
  } catch (const BadLine& bad) {
    throw lines_.error(std::string(bad.what()) +
                       (lines_.ended() ? "" : " (the last line, without a line end: is the file cut short?)"));
  }
}

TraceReader::TraceReader(const std::filesystem::path& file, uint64_t limit)
    : lines_(file), left_(limit == 0 ? UINT64_MAX : limit) {
  auto text = line();
  if (!text) throw base::usage_error(fmt::format("{}: the trace is empty", base::one_line(file.string())));
  if (text->starts_with('{')) {
    format_ = "mooncake-jsonl";
    parse_line_ = parse_mooncake;
  } else {
    const auto azure = parse(*text, AzureFormat::from_header);
    if (!azure) throw lines_.error(unknown_format(*text));
    format_ = "azure-csv";
    parse_line_ = [columns = *azure](std::string_view row) { return columns.parse(row); };
    text = line();
    if (!text) throw lines_.error("the trace has a header and no requests");
  }
  first_ = take(*text);
  origin_ns_ = first_->at_ns;
}

std::optional<TraceRow> TraceReader::next() {
  if (left_ == 0) return std::nullopt;
  auto row = std::exchange(first_, std::nullopt);
  if (!row) {
    const auto text = line();
    if (!text) return std::nullopt;
    row = take(*text);
  }
  --left_;
  row->at_ns -= origin_ns_;
  return row;
}

std::optional<std::string_view> TraceReader::line() {
  auto text = lines_.next();
  while (text && text->empty()) text = lines_.next();
  return text;
}

TraceRow TraceReader::take(std::string_view line) {
  const TraceRow row = parse(line, parse_line_);
  if (last_line_ != 0 && row.at_ns < last_ns_)
    throw lines_.error(
        fmt::format("the time is {} s before that of line {}, expected the order of time; sort the trace",
                    static_cast<double>(last_ns_ - row.at_ns) / ns_per_s, last_line_));
  last_ns_ = row.at_ns;
  last_line_ = lines_.number();
  return row;
}

void TraceSummary::add(const TraceRow& row) {
  if (rows_++ > 0) {
    if (row.at_ns == last_ns_) ++tied_;
    const double gap_s = static_cast<double>(row.at_ns - last_ns_) / ns_per_s;
    gaps_squared_s2_ += gap_s * gap_s;
  }
  last_ns_ = row.at_ns;
}

TraceCheck TraceSummary::result(const char* format) const {
  TraceCheck out{.format = format, .rows = rows_, .span_s = static_cast<double>(last_ns_) / ns_per_s};
  if (last_ns_ == 0) return out;
  const auto gaps = static_cast<double>(rows_ - 1);
  const double mean_s = out.span_s / gaps;
  out.mean_rate = 1 / mean_s;
  if (rows_ >= 3) out.cv = std::sqrt(std::max(0.0, gaps_squared_s2_ / gaps - mean_s * mean_s)) / mean_s;
  const uint64_t ticks = rows_ - tied_;
  // More than any trace of that format has.
  if (std::string_view(format) == "mooncake-jsonl" && out.mean_rate > 1000)
    out.note = fmt::format(
        "its {} requests lie within {:.3g} ms: the timestamps of this format are ms; if these are seconds, replay them "
        "with --trace-speed 0.001",
        rows_, out.span_s * 1e3);
  if (tied_ > ticks) out.quantised_step_s = out.span_s / static_cast<double>(ticks - 1);
  return out;
}

TraceCheck check_trace(const std::filesystem::path& file, uint64_t limit, double speed) {
  constexpr double longest_pause_s = 7 * 86'400;
  TraceReader reader(file, limit);
  TraceSummary summary;
  int64_t before_ns = 0;
  while (const auto row = reader.next()) {
    const auto pause_s = static_cast<double>(row->at_ns - std::exchange(before_ns, row->at_ns)) / ns_per_s / speed;
    if (pause_s > longest_pause_s)
      throw reader.error(
          fmt::format("a pause of {:.4g} days before it, in which the run would wait; cut the trace there "
                      "(--trace-limit), or replay it faster (--trace-speed)",
                      pause_s / 86'400));
    summary.add(*row);
  }
  return summary.result(reader.format());
}

std::unique_ptr<Arrivals> make_trace_arrivals(const LoadConfig& config) {
  return std::make_unique<TraceArrivals>(config);
}

}  // namespace host::load

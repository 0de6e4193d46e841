#include "report/run_data.hpp"
#include "base/json_fields.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/error.hpp"
#include "base/input_file.hpp"
#include "base/json_text.hpp"
#include "records/hlog.hpp"
#include "report/intervals.hpp"

namespace host::report {
namespace {

using base::number;
using base::text;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::streamsize longest_line = 4 << 20;  // bytes; an interval of 256 classes has 60 kB
constexpr size_t most_sampled = 1000;              // requests; a run writes 100
constexpr size_t most_problems = 20;

class RecordsReader {
 public:
  RecordsReader(RunData& out, std::string file) : out_(out), file_(std::move(file)), intervals_(most_intervals) {}

  void read(std::istream& in) {
    std::string buffer(static_cast<size_t>(longest_line), '\0');
    for (size_t line = 1;; ++line) {
      in.getline(buffer.data(), longest_line);
      if (in.bad() || (in.eof() && in.gcount() == 0)) break;
      if (in.fail()) {  // no end of line in the buffer
        in.clear();
        in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
        problem(line, "left out: longer than 4 MiB");
        continue;
      }
      take(std::string_view(buffer.c_str()), line);
    }
    out_.intervals = intervals_.take();
  }

 private:
  void problem(size_t line, const std::string& text) {
    if (++problems_ <= most_problems) out_.problems.push_back(fmt::format("{}:{}: {}", file_, line, text));
  }

  void take(std::string_view line, size_t at) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return;
    line.remove_prefix(begin);
    // Most lines of most files, and the longest ones: not needed here, so not parsed.
    for (const auto* type : {"request", "run", "summary"})
      if (line.starts_with(fmt::format(R"({{"type":"{}")", type))) return;
    auto json = base::parse_json<Json>(line);
    if (!json.is_object()) return problem(at, "no JSON object; the run may have been killed");
    base::make_printable(json);
    const auto type = text(json, "type");
    if (type == "interval") intervals_.add(std::move(json));
    if (type == "event") take_event(std::move(json), at);
    if (type == "timeline" && out_.timeline.size() < most_sampled) out_.timeline.push_back(std::move(json));
  }

  void take_event(Json event, size_t at) {
    const auto id = number(event, "id");
    if (id && at_id_.contains(*id)) {
      out_.events[at_id_[*id]] = std::move(event);
    } else if (out_.events.size() < most_events) {
      if (id) at_id_[*id] = out_.events.size();
      out_.events.push_back(std::move(event));
    } else {
      problem(at, fmt::format("left out: more than {} events", most_events));
    }
  }

  RunData& out_;
  std::string file_;
  IntervalSeries intervals_;
  std::map<double, size_t> at_id_;
  size_t problems_ = 0;
};

void read_latencies(const fs::path& file, RunData& out) {
  try {
    for (const auto& entry : records::read_hlog(file)) out.latency[entry.tag].merge(entry.histogram);
  } catch (const std::exception& e) {
    out.latency.clear();
    out.problems.emplace_back(e.what());
  }
}

}  // namespace

RunData read_run_data(const fs::path& run_folder) {
  RunData out;
  if (run_folder.empty()) {
    out.problems.emplace_back("its folder is not known: only the result record was archived");
    return out;
  }
  const auto records = run_folder / "records.jsonl";
  const auto frontier = run_folder / "frontier.json";
  std::error_code error;
  if (auto in = base::open_input(records); in.is_open())
    RecordsReader(out, records.string()).read(in);
  else if (!fs::exists(frontier, error))
    out.problems.push_back(fmt::format("{}: cannot be read", records.string()));
  if (const auto hlog = run_folder / "latency.hlog"; fs::exists(hlog, error)) read_latencies(hlog, out);
  if (fs::exists(frontier, error)) {
    out.frontier = base::parse_json_file<Json>(frontier);
    if (!out.frontier.is_object()) {
      out.frontier = nullptr;
      out.problems.push_back(fmt::format("{}: no JSON object", frontier.string()));
    }
  }
  return out;
}

}  // namespace host::report

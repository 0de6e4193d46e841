#include "writers/jsonl_writer.hpp"

#include "records/result_json.hpp"

namespace host::writers {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const char* type, const Json& members) {
  Json out = {{"type", type}};
  out.update(members);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

JsonlWriter::JsonlWriter(const std::filesystem::path& file, bool requests)
    : file_(file), sync_(file_.fd()), requests_(requests) {}

void JsonlWriter::begin(const records::RunInfo& info) {
  line_.emplace(info.classes, info.tenants);
  Json members = {{"schema_version", 1}};
  members.update(records::to_json(info));
  file_.append(line("run", members));
  file_.flush();
}

void JsonlWriter::take(const records::Interval& interval) {
  file_.append(line("interval", records::to_json(interval)));
  file_.flush();
}

void JsonlWriter::take(const records::EventRecord& event) {
  file_.append(line("event", records::to_json(event)));
  file_.flush();
}

void JsonlWriter::take(std::span<const records::RequestRow> rows) {
  if (!requests_ || !line_) return;
  const auto& line = *line_;
  for (const auto& row : rows) {
    char* begin = file_.claim(line.max_bytes());
    file_.commit(static_cast<size_t>(line.format(begin, row) - begin));
  }
}

void JsonlWriter::finish(const records::RunInfo& info, const records::RunResult& result) {
  for (const auto& request : result.timeline) file_.append(line("timeline", records::to_json(request, info, result)));
  Json members = {{"run_id", info.run_id}, {"phase_names", result.cells ? result.cells->phases() : info.phases}};
  members.update(records::to_json(result));
  file_.append(line("summary", members));
  file_.close();
}

}  // namespace host::writers

#include "fuzz/parsers.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "archive/verify.hpp"
#include "base/json_text.hpp"
#include "bridge/frame.hpp"
#include "bridge/packet.hpp"
#include "catalog/manifest.hpp"
#include "catalog/plugin.hpp"
#include "cell/settings.hpp"
#include "compare/comparison.hpp"
#include "compare/result_file.hpp"
#include "experiment/state.hpp"
#include "experiment/yaml_experiment.hpp"
#include "load/load.hpp"
#include "records/hlog.hpp"
#include "report/html/html.hpp"
#include "report/latex/latex.hpp"
#include "report/markdown.hpp"
#include "report/run_data.hpp"
#include "writers/request_log.hpp"

namespace fuzz {
namespace {

namespace fs = std::filesystem;
using namespace host;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::vector<std::string> texts_below(const fs::path& folder, const char* extension) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension && entry.file_size() < 100'000)
      out.push_back(text_of(entry.path()));
  return out;
}

// The histogram of the last line of a log, without its compression; and a log with another one in its place.
std::string histogram_of(const std::string& log) {
  const auto line = log.substr(log.rfind('\n', log.size() - 2) + 1);
  auto base64 = line.substr(line.rfind(',') + 1);
  base64.erase(base64.find_last_not_of("\r\n") + 1);
  std::string bytes(base64.size(), '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), reinterpret_cast<const unsigned char*>(base64.data()),
                  static_cast<int>(base64.size()));
  std::string out(1 << 20, '\0');
  uLongf size = out.size();
  ::uncompress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data() + 8),
               bytes.size() - 8);
  out.resize(size);
  return out;
}

std::string log_with(const std::string& histogram) {
  auto size = compressBound(histogram.size());
  std::string bytes(8 + size, '\0');
  ::compress(reinterpret_cast<Bytef*>(bytes.data() + 8), &size, reinterpret_cast<const Bytef*>(histogram.data()),
             histogram.size());
  bytes.resize(8 + size);
  const uint32_t head[] = {__builtin_bswap32(0x1c849314), __builtin_bswap32(static_cast<uint32_t>(size))};
  std::memcpy(bytes.data(), head, sizeof head);
  std::string base64(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  base64.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                                    static_cast<int>(bytes.size()))));
  return "#[x]\n#[Histogram log format version 1.3]\n0.000,1.000,1.0," + base64 + "\n";
}

std::string stream_of_frames() {
  std::vector<std::byte> bytes;
  bridge::append_frame(bytes, bridge::FrameType::hello, R"({"protocol": 1, "pid": 7, "versions": {}})");
  bridge::PacketHeader header{};
  header.n_spans = 2;
  header.result_size = 5;
  std::string packet(bridge::packet_size(header), 'x');
  std::memcpy(packet.data(), &header, sizeof header);
  bridge::append_frame(bytes, bridge::FrameType::results, packet);
  bridge::append_frame(bytes, bridge::FrameType::answer, R"({"event": 1, "status": 0, "text": "done"})");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void read_frames(const std::string& text) {
  bridge::FrameReader reader;
  bridge::Frame frame;
  for (size_t at = 0; at < text.size();) {
    const auto n = std::min<size_t>(text.size() - at, 97);
    std::memcpy(reader.room(n).data(), text.data() + at, n);
    reader.received(n);
    at += n;
    while (reader.next(frame)) {
      bridge::PacketView packet;
      const char* why = nullptr;
      if (packet.read(frame.body, why)) {
        for (size_t i = 0; i < packet.header().n_spans; ++i) (void)packet.span(i);
        (void)std::ranges::count(packet.result(), std::byte{0});
        (void)std::ranges::count(packet.payload(), std::byte{0});
      }
      (void)base::parse_json(frame.text());
    }
  }
}

// Results, and of every few the pages that are made of them, which take a hundred times as long.
void read_results(const std::string& text, const fs::path& folder, const char* name) {
  put(folder / name, text);
  const fs::path inputs[] = {folder};
  const auto results = compare::read_results(inputs);
  const auto comparison = compare::compare(results, {});
  if (std::hash<std::string>()(text) % 16 != 0) return;
  (void)report::markdown_report(comparison);
  (void)report::html_report(comparison, results);
  (void)report::latex_files(comparison);
}

// Each in a folder of its own, so that one's file is not read by another.
fs::path folder_of(const fs::path& scratch, const char* name) {
  fs::create_directories(scratch / name);
  return scratch / name;
}

}  // namespace

std::vector<Parser> parsers(const fs::path& run, const fs::path& pair, const fs::path& scratch) {
  const auto one = folder_of(scratch, "one");
  const auto jsonl = folder_of(scratch, "jsonl");
  const auto csv = folder_of(scratch, "csv");
  const auto copy = scratch / "run";
  const auto pair_copy = scratch / "pair";
  fs::copy(run, copy, fs::copy_options::recursive);
  fs::copy(pair, pair_copy, fs::copy_options::recursive);
  const auto traces = fs::path(SAGE_TEST_DATA) / "traces";
  const auto file = one / "input";
  const auto in_file = [file](auto read) {
    return [=](const std::string& text) {
      put(file, text);
      read(file);
    };
  };
  const auto in_place_of = [](const fs::path& of, auto read) {
    return [=](const std::string& text) {
      put(of, text);
      read();
    };
  };
  const auto log = text_of(run / "latency.hlog");
  const auto state = pair.parent_path() / "state.json";
  return {
      {"manifest", texts_below(SAGE_MANIFESTS, ".toml"),
       in_file([](const auto& f) { (void)catalog::read_manifest(f); })},
      {"config", {"rate = 5\n[q6]\nrate = 7\n"}, in_file([](const auto& f) { (void)cell::read_config(f); })},
      {"YAML",
       {"experiment: {name: q2}\nworkload:\n  seed: 1\n  request_rate: [1, 2]\nbaselines:\n- name: separated\n"},
       [](const std::string& text) {
         std::vector<std::string> left_out;
         (void)experiment::toml_of_yaml(text, "q2.yaml", left_out);
       }},
      {"azure trace", texts_below(traces, ".csv"), in_file([](const auto& f) { (void)load::check_trace(f, 0); })},
      {"mooncake trace", texts_below(traces, ".jsonl"), in_file([](const auto& f) { (void)load::check_trace(f, 0); })},
      {"result lines",
       {text_of(run / "unified_results.jsonl")},
       [=](const std::string& text) { read_results(text, jsonl, "unified_results.jsonl"); }},
      {"result CSV",
       {text_of(run / "unified_results.csv")},
       [=](const std::string& text) { read_results(text, csv, "unified_results.csv"); }},
      {"records",
       {text_of(run / "records.jsonl").substr(0, 200'000)},
       in_place_of(copy / "records.jsonl", [=] { (void)report::read_run_data(copy); })},
      {"repro manifest",
       {text_of(run / "repro_manifest.json")},
       in_place_of(copy / "repro_manifest.json", [=] { (void)archive::verify_run(copy); })},
      {"pair manifest",
       {text_of(pair / "manifest.json")},
       in_place_of(pair_copy / "manifest.json", [=] { (void)archive::verify_pair(pair_copy); })},
      {"state", {text_of(state)}, in_place_of(one / "state.json", [=] { const experiment::State read(one); })},
      {"histogram log", {log}, in_file([](const auto& f) { (void)records::read_hlog(f); })},
      {"histogram",
       {histogram_of(log)},
       [=](const std::string& text) {
         put(jsonl / "latency.hlog", log_with(text));
         read_results(text_of(run / "unified_results.jsonl"), jsonl, "unified_results.jsonl");
       }},
      {"request log", {text_of(run / "requests.bin").substr(0, 64 * 50)}, in_file([](const auto& f) {
         (void)writers::read_request_log(f, [](auto) {});
       })},
      {"library", texts_below(fs::path(SAGE_BINARY_DIR) / "tests/plugins", ".so"), in_file([](const auto& f) {
         catalog::refuse_damaged(f);
         (void)catalog::exported_symbols(f);
       })},
      {"JSON",
       {R"({"a": [1, 2.5, "x\u00e9", null, {"b": true}]})"},
       [](const std::string& text) {
         (void)base::parse_json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
       }},
      {"frames", {stream_of_frames()}, read_frames},
  };
}

}  // namespace fuzz

#include "cell/settings.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.hpp"
#include "cell/cell_spec.hpp"
#include "load/load.hpp"

using namespace host;
using namespace host::cell;

namespace {

catalog::OptionSpec number(const char* name, double value) {
  catalog::OptionSpec spec;
  spec.name = name;
  spec.type = catalog::OptionType::number;
  spec.default_value = value;
  return spec;
}

catalog::Manifest workload() {
  catalog::Manifest m;
  m.kind = catalog::PluginKind::workload;
  m.id = "town";
  m.file = "/plugins/town.toml";
  auto share = number("share", 0.5);
  share.quick = 0.25;
  m.options = {share, number("work_us", 1)};
  m.defaults = {{"rate", 90.0}, {"total_requests", int64_t{1400}}};
  m.quick_defaults = {{"rate", 200.0}};
  return m;
}

catalog::Manifest backend() {
  catalog::Manifest m;
  m.kind = catalog::PluginKind::backend;
  m.id = "org.example.runtime";
  m.file = "/plugins/runtime.toml";
  m.capabilities = {"scheduler.fifo"};
  m.options = {number("spin_us", 0), number("work_us", 2)};
  return m;
}

Settings resolved(const std::vector<catalog::Given>& given) { return resolve(given, workload(), backend()); }
catalog::Given flag(const std::string& name, const std::string& text) {
  return {"", name, text, catalog::option_flag(name)};
}

std::string error_of(const std::vector<catalog::Given>& given) {
  const auto w = workload();
  const auto b = backend();
  const std::vector<const catalog::Manifest*> plugins = {&w, &b};
  try {
    check_names(given, plugins, {"town", "other", "org.example.runtime"});
    (void)resolve(given, w, b);
  } catch (const base::Error& e) {
    CHECK(e.code() == base::Exit::usage);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a manifest's defaults replace the host's, its quick ones only under --quick") {
  CHECK(get<double>(resolved({}).load, "rate") == 90);
  CHECK(resolved({}).load.at("rate").source == "default");
  const auto quick = resolved({flag("quick", "true")});
  CHECK(get<double>(quick.load, "rate") == 200);
  CHECK(get<int64_t>(quick.load, "total_requests") == 1400);
  CHECK(get<double>(quick.workload, "share") == 0.25);
  CHECK(quick.load.at("rate").source == "quick default");
}

TEST_CASE("the last layer wins: file, --set, flag") {
  const catalog::Given from_file = {"", "rate", "1", "run.toml:3"};
  const auto set = parse_set("rate=2");
  CHECK(get<double>(resolved({from_file}).load, "rate") == 1);
  CHECK(get<double>(resolved({from_file, set}).load, "rate") == 2);
  const auto all = resolved({from_file, set, flag("rate", "3")});
  CHECK(get<double>(all.load, "rate") == 3);
  CHECK(all.load.at("rate").source == "--rate");
}

TEST_CASE("an option that both plugins have must be qualified") {
  CHECK(error_of({flag("work_us", "5")}) ==
        "--work-us: 'work_us' is an option of both 'town' and 'org.example.runtime'; write --set town.work_us=... or "
        "--set org.example.runtime.work_us=...");
  const auto settings = resolved({parse_set("town.work_us=5"), parse_set("org.example.runtime.work-us=6")});
  CHECK(get<double>(settings.workload, "work_us") == 5);
  CHECK(get<double>(settings.backend, "work_us") == 6);
}

TEST_CASE("a qualified name may set a load option of one workload, and speak of a plugin that takes no part") {
  CHECK(get<double>(resolved({parse_set("town.rate=7")}).load, "rate") == 7);
  CHECK(error_of({parse_set("other.rate=7")}) == "");
  CHECK(get<double>(resolved({parse_set("other.rate=7")}).load, "rate") == 90);
}

TEST_CASE("wrong names are told with the nearest right one") {
  CHECK(error_of({flag("shar", "1")}).find("did you mean 'share'?") != std::string::npos);
  CHECK(error_of({parse_set("twon.share=1")}).find("did you mean 'town'?") != std::string::npos);
  CHECK(error_of({parse_set("town.spin_us=1")}).find("workload 'town' has no option 'spin_us'") != std::string::npos);
  CHECK(error_of({{"", "dry_run", "true", "run.toml:1"}}) ==
        "run.toml:1: 'dry_run' belongs on the command line; write --dry-run there");
  CHECK_THROWS_AS(parse_set("rate"), base::Error);
  CHECK_THROWS_AS(parse_set("=1"), base::Error);
}

TEST_CASE("a manifest may not declare an option of the host's name") {
  for (const auto* name : {"rate", "seed", "experiment", "help"}) {
    auto each = workload();
    each.options.push_back(number(name, 1));
    CHECK_THROWS_AS(refuse_host_names(each), base::Error);
  }
  auto w = workload();
  CHECK_NOTHROW(refuse_host_names(w));
  w.options.push_back(number("rate", 1));
  CHECK_THROWS_WITH_AS(refuse_host_names(w),
                       "option 'rate' of workload 'town' (/plugins/town.toml) has the name of the host's own flag "
                       "--rate; rename it in the manifest",
                       base::Error);
}

TEST_CASE("a default in a manifest is checked like any value") {
  auto w = workload();
  w.defaults["rate"] = -1.0;
  CHECK_THROWS_AS(load_specs(w), base::Error);
  w.defaults = {{"rat", 1.0}};
  CHECK_THROWS_WITH_AS(load_specs(w),
                       "[defaults] rat in /plugins/town.toml: the host has no such load option (did you mean 'rate'?)",
                       base::Error);
}

TEST_CASE("what one option implies for another") {
  CHECK(get<int64_t>(resolved({flag("duration", "5")}).load, "total_requests") == 0);
  CHECK(get<int64_t>(resolved({flag("duration", "5"), flag("total_requests", "9")}).load, "total_requests") == 9);
  CHECK(get<std::string>(resolved({flag("trace", "x.csv")}).load, "arrival") == "trace");
  CHECK(get<int64_t>(resolved({flag("trace", "x.csv")}).load, "total_requests") == 0);  // the whole trace
  CHECK(get<int64_t>(resolved({flag("trace", "x.csv"), flag("total_requests", "7")}).load, "total_requests") == 7);
  CHECK(get<std::string>(resolved({flag("concurrency", "4")}).load, "arrival") == "closed");
  CHECK(error_of({flag("arrival", "poisson"), flag("trace", "x.csv")}) ==
        "--arrival poisson contradicts --trace; leave one of them out");
}

TEST_CASE("what the arrival process does not use is refused where it is given, and is no part of the configuration") {
  CHECK(error_of({flag("trace", "x.csv"), flag("rate", "77")}) ==
        "--rate 77 has no effect with arrival 'trace' (implied by --trace); leave it out");
  CHECK(error_of({flag("concurrency", "4"), flag("rate", "77")}).starts_with("--rate 77 has no effect"));
  CHECK(error_of({flag("cv", "3")}) == "--cv 3 has no effect with arrival 'poisson'; leave it out");
  CHECK(
      error_of({flag("arrival", "constant"), flag("burst_factor", "3")}).starts_with("--burst-factor 3 has no effect"));
  CHECK(error_of({flag("trace_speed", "3")}).starts_with("--trace-speed 3 has no effect"));
  const auto names = [](const Settings& settings) {
    std::vector<std::string> out;
    for (const auto* name : {"rate", "cv", "trace_speed", "concurrency", "timeout"})
      if (settings.load.contains(name)) out.emplace_back(name);
    return out;
  };
  CHECK(names(resolved({})) == std::vector<std::string>{"rate", "timeout"});
  CHECK(names(resolved({flag("trace", "x.csv")})) == std::vector<std::string>{"trace_speed", "timeout"});
  CHECK(names(resolved({flag("arrival", "gamma")})) == std::vector<std::string>{"rate", "cv", "timeout"});
}

TEST_CASE("a configuration file: top-level keys and tables of plugins, with their lines") {
  const auto file = std::filesystem::temp_directory_path() / ("sage-settings-" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << "rate = 12.5\nquick = true\n[town]\nshare = 1\n[\"org.example.runtime\"]\nspin_us = 3\n";
  const auto given = read_config(file);
  REQUIRE(given.size() == 4);
  const auto settings = resolved(given);
  CHECK(get<double>(settings.load, "rate") == 12.5);
  CHECK(get<bool>(settings.shared, "quick"));
  CHECK(get<double>(settings.workload, "share") == 1);
  CHECK(get<double>(settings.backend, "spin_us") == 3);
  CHECK(settings.workload.at("share").source == file.string() + ":4");

  // Whatever the alphabet says of the table's name and the key.
  std::ofstream(file) << "rate = 50\nwarmup_items = 5\narrival = \"poisson\"\n"
                         "[town]\nrate = 120\nwarmup_items = 6\narrival = \"constant\"\n";
  const auto of_table = resolved(read_config(file));
  CHECK(get<double>(of_table.load, "rate") == 120);
  CHECK(get<int64_t>(of_table.load, "warmup_items") == 6);
  CHECK(get<std::string>(of_table.load, "arrival") == "constant");

  std::ofstream(file) << "rate = \n";
  CHECK_THROWS_AS(read_config(file), base::Error);
  std::ofstream(file) << "rate = [1, 2]\n";
  CHECK_THROWS_WITH_AS(read_config(file),
                       (file.string() + ":1: an option takes a text, a number, true or false").c_str(), base::Error);
  // a key of 100,000 parts would overflow the stack of the TOML parser
  std::string deep = "a";
  for (int i = 0; i < 100'000; ++i) deep += ".a";
  std::ofstream(file) << deep << " = 1\n";
  CHECK_THROWS_AS(read_config(file), base::Error);
  std::filesystem::remove(file);
  CHECK_THROWS_AS(read_config(file), base::Error);
}

TEST_CASE("config_hash depends on what is run, not on where, how it is logged or on which backend") {
  const auto hash = [](const std::vector<catalog::Given>& given, catalog::Manifest b = backend()) {
    const auto w = workload();
    b.capabilities.push_back("nodes");
    return make_cell(resolve(given, w, b), w, b, {}).config_hash;
  };
  const auto plain = hash({});
  CHECK(plain.size() == 64);
  auto other = backend();
  other.id = "other";
  CHECK(hash({}, other) == plain);
  for (const auto* same : {"output_dir=/elsewhere", "verbose=true", "interval=5", "request_log=jsonl", "spin_us=4"})
    CHECK_MESSAGE(hash({parse_set(same)}) == plain, same);
  for (const auto* different : {"seed=43", "nodes=2", "parallelism=3", "scheduler=fifo", "rate=91", "share=0.6",
                                "quick=true", "parity_batch_size=8"})
    CHECK_MESSAGE(hash({parse_set(different)}) != plain, different);
}

TEST_CASE("a cell survives its way to another process") {
  const auto w = workload();
  const auto b = backend();
  auto cell = make_cell(resolved({flag("seed", "7"), flag("rate", "90")}), w, b, {"sage-host", "run"});
  cell.run_id = "town-1";
  const auto copy = cell_from_json(nlohmann::json::parse(to_json(cell).dump()));
  CHECK(to_json(copy) == to_json(cell));
  CHECK(copy.load == cell.load);  // also the types: 90.0 stays a float
  CHECK(copy.workload_manifest == cell.workload_manifest);
}

TEST_CASE("requests in flight that memory cannot hold are told before the run, or refused") {
  constexpr uint64_t most = 1 << 24;
  CHECK(memory_note(65536, 1.0).empty());
  CHECK(memory_note(most, 64.0).empty());
  CHECK(memory_note(most, std::nullopt).empty());
  CHECK(
      memory_note(most, 8.0) ==
      "--max-in-flight 16777216: so many requests in flight need about 10 GB of memory, and there are 8 GB; lower it");
  CHECK_THROWS_AS(memory_note(most, 0.9), base::Error);
}

TEST_CASE("a run may take far longer than what is planned, and no longer") {
  CellSpec cell;
  cell.load = {{"arrival", std::string("constant")}, {"rate", 2e6},     {"duration", 3.0},
               {"total_requests", int64_t{0}},       {"timeout", 30.0}, {"warmup_items", int64_t{0}}};
  CHECK(longest_s(cell) == doctest::Approx(60));
  cell.virtual_time = true;
  CHECK(longest_s(cell) == doctest::Approx(3600));
  cell.load["duration"] = 7200.0;
  CHECK(longest_s(cell) == doctest::Approx(3 * 7200 + 30));
  cell.max_duration_s = 5;
  CHECK(longest_s(cell) == 5);
}

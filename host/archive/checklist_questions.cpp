#include "archive/checklist_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "archive/verify.hpp"
#include "base/hash.hpp"
#include "base/json_fields.hpp"
#include "base/utf8.hpp"

namespace host::archive {
namespace {

using base::field;
using base::number;
using Json = nlohmann::ordered_json;

Reply yes(std::string value) { return {Answer::yes, std::move(value)}; }
Reply no(std::string value) { return {Answer::no, std::move(value)}; }
Reply not_recorded(std::string value = {}) { return {Answer::not_recorded, std::move(value)}; }

std::string text(const Json& value) { return base::shown_text(base::text(value)); }
std::string shown(const Json& value) {
  return value.is_string() ? text(value) : value.dump(-1, ' ', true, Json::error_handler_t::replace);
}
std::string first_of(const Json& texts) { return texts.is_array() && !texts.empty() ? text(texts[0]) : std::string(); }

const Json& of_run(const ChecklistRun& run, std::string_view name) {
  return field(run.manifest, {"run_payload", name});
}
const Json& environment(const ChecklistRun& run, std::string_view name) {
  return field(run.manifest, {"environment", name});
}
const Json& metadata(const ChecklistRun& run, std::string_view name) { return field(run.record, {"metadata", name}); }

Reply seed(const ChecklistRun& run) {
  const auto& value = of_run(run, "seed");
  return value.is_number_integer() ? yes(shown(value)) : not_recorded();
}

Reply schedule(const ChecklistRun& run) {
  const auto& plan = field(run.manifest, {"parity_plan"});
  if (!plan.is_object()) return not_recorded();
  return yes("plan " + base::short_hash(base::config_hash(nlohmann::json(plan))));
}

Reply configuration(const ChecklistRun& run) {
  const auto written = text(field(run.manifest, {"config_hash"}));
  if (written.empty()) return not_recorded();
  const auto& config = of_run(run, "effective_config");
  return base::config_hash(nlohmann::json(config)) == written ? yes("config " + base::short_hash(written))
                                                              : no("config_hash is not that of the configuration");
}

Reply options(const ChecklistRun& run) {
  const auto& all = field(run.manifest, {"options"});
  size_t n = 0;
  for (const auto* part : {"run", "load", "workload", "backend"}) n += field(all, part).size();
  return all.is_object() ? yes(fmt::format("{} options with their values, defaults included", n)) : not_recorded();
}

Reply command_line(const ChecklistRun& run) {
  const auto& words = field(run.manifest, {"command_line"});
  return words.is_array() && !words.empty() ? yes(fmt::format("{} words", words.size())) : not_recorded();
}

Reply machine(const ChecklistRun& run) {
  const auto& system = environment(run, "system");
  const auto cpu = text(field(system, "cpu_model"));
  const auto cores = number(system, "cores"), memory = number(system, "memory_gb");
  const auto kernel = text(field(system, "kernel"));
  if (cpu.empty() || !cores || !memory || kernel.empty()) return not_recorded();
  return yes(fmt::format("{}, {:.0f} cores, {:.4g} GB, kernel {}", cpu, *cores, *memory, kernel));
}

Reply frequency(const ChecklistRun& run) {
  const auto& system = environment(run, "system");
  const auto governor = text(field(system, "governor"));
  const auto& turbo = field(system, "turbo");
  if (governor.empty() && !turbo.is_boolean()) return not_recorded("this machine does not tell");
  return yes(fmt::format("governor {}, turbo {}", governor.empty() ? "not known" : governor,
                         !turbo.is_boolean() ? "not known"
                         : turbo == true     ? "on"
                                             : "off"));
}

Reply host_version(const ChecklistRun& run) {
  const auto version = text(environment(run, "host_version"));
  const auto revision = text(field(environment(run, "system"), "git_revision"));
  if (version.empty()) return not_recorded();
  if (revision.ends_with("-dirty")) return no(fmt::format("{}: built from sources that no revision has", revision));
  return yes(revision.empty() ? version : fmt::format("{} ({})", version, base::short_hash(revision)));
}

Reply program(const ChecklistRun& run) {
  const auto hash = text(environment(run, "host_sha256"));
  return hash.empty() ? not_recorded() : yes(base::short_hash(hash));
}

Reply plugins(const ChecklistRun& run) {
  std::string out;
  for (const auto* kind : {"workload", "backend"}) {
    const auto& plugin = environment(run, kind);
    const auto hash = text(field(plugin, "library_sha256"));
    if (hash.empty()) return not_recorded();
    out += fmt::format("{}{} {} {}", out.empty() ? "" : ", ", text(field(plugin, "id")), text(field(plugin, "version")),
                       base::short_hash(hash));
  }
  return yes(out);
}

Reply runtime(const ChecklistRun& run) {
  const auto& versions = environment(run, "versions");
  if (!versions.is_object()) return not_recorded();
  std::string out;
  for (const auto& [name, version] : versions.items())
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", base::shown_text(name), text(version));
  return yes(out.empty() ? "none besides the host" : out);
}

Reply load(const ChecklistRun& run) {
  const auto& of_load = field(run.manifest, {"options", "load"});
  const auto arrival = text(field(of_load, "arrival"));
  if (arrival.empty()) return not_recorded();
  const auto* what = arrival == "closed" ? "concurrency" : "rate";
  const auto& value = field(of_load, what);
  return yes(value.is_null() ? arrival : fmt::format("{}, {} {}", arrival, what, shown(value)));
}

Reply warm_up(const ChecklistRun& run) {
  const auto& items = of_run(run, "warmup_items");
  return items.is_number_integer() ? yes(fmt::format("{} requests are in no metric", shown(items))) : not_recorded();
}

Reply clock(const ChecklistRun& run) {
  const auto name = text(metadata(run, "clock"));
  if (name.empty()) return not_recorded();
  return yes(name == "virtual" ? "virtual: a model's time, no system's" : name);
}

Reply status(const ChecklistRun& run) {
  if (run.record.is_null()) return no("no record");
  const auto name = text(metadata(run, "status"));
  if (name.empty()) return not_recorded();
  const auto why = first_of(metadata(run, "reasons"));
  return name == "ok" ? yes("ok") : no(why.empty() ? name : fmt::format("{}: {}", name, why));
}

Reply ledger(const ChecklistRun& run) {
  const auto& of = metadata(run, "ledger");
  const auto& balanced = field(of, "balanced");
  if (!balanced.is_boolean()) return not_recorded();
  const auto offered = shown(field(of, "offered"));
  return balanced == true ? yes(fmt::format("{} offered, each with one outcome", offered))
                          : no(fmt::format("{} offered, and the outcomes do not add up", offered));
}

Reply results(const ChecklistRun& run) {
  if (metadata(run, "verdict") == "wrong") return no("the workload judged results to be wrong");
  const auto& parity = metadata(run, "output_parity");
  const auto checked = number(parity, "checked").value_or(0);
  if (checked == 0) return not_recorded(text(field(parity, "reason")));
  const auto equal = number(parity, "equal").value_or(0);
  const auto said = fmt::format("{:.0f} of {:.0f} equal to a serial execution", equal, checked);
  return equal == checked ? yes(said) : no(said);
}

// A p99 takes many requests; where even the latest of few was in time, the generator was.
Reply generator(const ChecklistRun& run) {
  const auto& lateness = metadata(run, "lateness");
  const auto p99 = number(lateness, "p99_us"), latest = number(lateness, "max_us"),
             budget = number(lateness, "budget_us");
  if (budget && p99) {
    const auto said = fmt::format("p99 {:.4g} us, budget {:.4g} us", *p99, *budget);
    return *p99 <= *budget ? yes(said) : no(said);
  }
  if (budget && latest && *latest <= *budget)
    return yes(fmt::format("at most {:.4g} us, budget {:.4g} us", *latest, *budget));
  return not_recorded(number(lateness, "count") == 0.0 ? "nothing was due at a time" : "too few requests for a p99");
}

Reply percentiles(const ChecklistRun& run) {
  const auto& total = field(metadata(run, "metrics"), "total");
  if (!total.is_object()) return not_recorded();
  for (const auto* name : {"p999", "p99", "p95", "p50"})
    if (number(total, fmt::format("latency_{}", name)))
      return yes(fmt::format("up to {}, of {} requests", name, shown(field(total, "offered"))));
  return no("too few requests for any");
}

Reply noise(const ChecklistRun& run) {
  const auto& of = metadata(run, "noise");
  const auto& noisy = field(of, "noisy");
  if (!noisy.is_boolean()) return not_recorded();
  if (noisy == true) return no(first_of(field(of, "reasons")));
  const auto steal = number(of, "steal_share"), others = number(of, "other_cpu_share");
  if (!steal || !others) return not_recorded(text(field(of, "unmeasured")));
  return yes(fmt::format("steal {:.2g} %, other processes {:.2g} % of CPU time", *steal * 100, *others * 100));
}

Reply driver(const ChecklistRun& run) {
  const auto& share = metadata(run, "harness_share");
  if (field(share, "limited_by_driver") == true) return no(text(field(share, "limit")));
  if (const auto core = number(share, "driver_core_share"))
    return yes(fmt::format("the driver used {:.2g} % of a core", *core * 100));
  return not_recorded(text(field(share, "reason")));
}

Reply raw_data(const ChecklistRun& run) {
  for (const auto* file : {"records.jsonl", "latency.hlog"}) {
    std::error_code error;
    if (!std::filesystem::exists(run.folder / file, error)) return no(fmt::format("{} is not there", file));
  }
  return yes("every interval and event, and the distribution");
}

Reply sealed(const ChecklistRun& run) {
  const auto findings = verify_run(run.folder);
  const auto failed = std::ranges::find(findings, VerifyFinding::State::failed, &VerifyFinding::state);
  return failed == findings.end() ? yes("every file has the SHA-256 that was written")
                                  : no(fmt::format("{}: {}", failed->what, failed->detail));
}

constexpr std::array questions = {
    Question{"run again", "the seed is stated", "repro_manifest.json: run_payload.seed", seed},
    Question{"run again", "the schedule is stated", "repro_manifest.json: parity_plan", schedule},
    Question{"run again", "the configuration is stated, and hashed", "repro_manifest.json: config_hash", configuration},
    Question{"run again", "every option is stated", "repro_manifest.json: options", options},
    Question{"run again", "the command line is stated", "repro_manifest.json: command_line", command_line},
    Question{"set-up", "the machine is stated", "repro_manifest.json: environment.system", machine},
    Question{"set-up", "frequency scaling is stated", "repro_manifest.json: environment.system", frequency},
    Question{"set-up", "the host is of a known revision", "repro_manifest.json: environment", host_version},
    Question{"set-up", "the host's program is hashed", "repro_manifest.json: environment.host_sha256", program},
    Question{"set-up", "the plugins are hashed", "repro_manifest.json: environment", plugins},
    Question{"set-up", "versions of the runtime are stated", "repro_manifest.json: environment.versions", runtime},
    Question{"method", "the load is stated", "repro_manifest.json: options.load", load},
    Question{"method", "the warm-up is stated", "repro_manifest.json: run_payload.warmup_items", warm_up},
    Question{"method", "the clock is stated", "unified_results.jsonl: metadata.clock", clock},
    Question{"quality", "every run ended well", "unified_results.jsonl: metadata.status", status},
    Question{"quality", "no request is lost or counted twice", "unified_results.jsonl: metadata.ledger", ledger},
    Question{"quality", "results were checked", "unified_results.jsonl: metadata.output_parity", results},
    Question{"quality", "the load generator was in time", "unified_results.jsonl: metadata.lateness", generator},
    Question{"quality", "percentiles have samples enough", "unified_results.jsonl: metadata.metrics", percentiles},
    Question{"quality", "the machine was quiet", "unified_results.jsonl: metadata.noise", noise},
    Question{"quality", "no driver was the limit", "unified_results.jsonl: metadata.harness_share", driver},
    Question{"data", "raw data is there", "records.jsonl, latency.hlog", raw_data},
    Question{"data", "files are as they were written", "repro_manifest.json: files, sha256", sealed},
};

}  // namespace

std::span<const Question> checklist_questions() { return questions; }

}  // namespace host::archive

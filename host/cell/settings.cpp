#include "cell/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/table_text.hpp"
#include "load/load.hpp"

namespace host::cell {
namespace {

const catalog::OptionSpec* spec_called(std::span<const catalog::OptionSpec> specs, std::string_view name) {
  const auto it = std::ranges::find(specs, name, &catalog::OptionSpec::name);
  return it == specs.end() ? nullptr : &*it;
}

const catalog::OptionSpec* flag_spec(std::span<const catalog::Flag> flags, std::string_view name) {
  const auto it = std::ranges::find_if(flags, [&](const catalog::Flag& flag) { return flag.spec.name == name; });
  return it == flags.end() ? nullptr : &it->spec;
}

std::string place(const catalog::Manifest& manifest) {
  return fmt::format("{} '{}' ({})", catalog::to_string(manifest.kind), manifest.id, manifest.file.string());
}

bool is_host_name(const std::string& name) {
  const bool alias = std::ranges::any_of(run_flags(), [&](const catalog::Flag& flag) {
    return std::ranges::find(flag.aliases, name) != flag.aliases.end();
  });
  return alias || name == "help" || flag_spec(run_flags(), name) != nullptr ||
         spec_called(load::load_options(), name) != nullptr;
}

void add_names(std::vector<std::string>& names, std::span<const catalog::OptionSpec> specs) {
  std::ranges::transform(specs, std::back_inserter(names), &catalog::OptionSpec::name);
}

std::vector<std::string> declared_names(std::span<const catalog::Flag> flags,
                                        std::span<const catalog::Manifest* const> plugins) {
  std::vector<std::string> names;
  for (const auto& flag : flags) names.push_back(flag.spec.name);
  add_names(names, load::load_options());
  for (const auto* plugin : plugins) add_names(names, plugin->options);
  return names;
}

[[noreturn]] void refuse_name(const catalog::Given& given, const std::vector<std::string>& candidates,
                              const std::string& where) {
  throw base::usage_error(fmt::format("{}: {} has no option '{}'{}; 'sage-host describe ID' lists a plugin's options",
                                      given.source, where, given.name, base::did_you_mean(given.name, candidates)));
}

void check_qualified(const catalog::Given& given, std::span<const catalog::Manifest* const> plugins,
                     const std::vector<std::string>& known_ids) {
  if (std::ranges::find(known_ids, given.owner) == known_ids.end()) {
    throw base::usage_error(fmt::format("{}: no plugin is called '{}'{}; there are: {}", given.source, given.owner,
                                        base::did_you_mean(given.owner, known_ids), fmt::join(known_ids, ", ")));
  }
  const auto it = std::ranges::find(plugins, given.owner, &catalog::Manifest::id);
  if (it == plugins.end()) return;  // of a plugin that takes no part in this run
  const auto& plugin = **it;
  std::vector<std::string> names;
  add_names(names, plugin.options);
  if (plugin.kind == catalog::PluginKind::workload) add_names(names, load::load_options());
  if (std::ranges::find(names, given.name) == names.end())
    refuse_name(given, names, fmt::format("{} '{}'", catalog::to_string(plugin.kind), plugin.id));
}

// The first plugin of a kind that declares an option; null if none does.
const catalog::Manifest* declaring(std::span<const catalog::Manifest* const> plugins, catalog::PluginKind kind,
                                   std::string_view name) {
  const auto it = std::ranges::find_if(plugins, [&](const catalog::Manifest* plugin) {
    return plugin->kind == kind && spec_called(plugin->options, name) != nullptr;
  });
  return it == plugins.end() ? nullptr : *it;
}

void check_plain(const catalog::Given& given, std::span<const catalog::Flag> flags,
                 std::span<const catalog::Manifest* const> plugins) {
  if (flag_spec(flags, given.name) != nullptr) return;
  const auto* workload = declaring(plugins, catalog::PluginKind::workload, given.name);
  const auto* backend = declaring(plugins, catalog::PluginKind::backend, given.name);
  if (workload != nullptr && backend != nullptr)
    throw base::usage_error(fmt::format(
        "{}: '{}' is an option of both '{}' and '{}'; write --set {}.{}=... or --set {}.{}=...", given.source,
        given.name, workload->id, backend->id, workload->id, given.name, backend->id, given.name));
  const auto names = declared_names(flags, plugins);
  if (std::ranges::find(names, given.name) == names.end()) refuse_name(given, names, "this run");
}

// Where a given value goes in this cell, if anywhere.
struct Target {
  SettingMap* settings = nullptr;
  const catalog::OptionSpec* spec = nullptr;
};

Target target_of(const catalog::Given& given, Settings& settings, std::span<const catalog::Flag> flags,
                 std::span<const catalog::OptionSpec> load, const catalog::Manifest& workload,
                 const catalog::Manifest& backend) {
  const bool plain = given.owner.empty();
  if (plain)
    if (const auto* spec = flag_spec(flags, given.name)) return {&settings.shared, spec};
  if (plain || given.owner == workload.id) {
    if (const auto* spec = spec_called(load, given.name)) return {&settings.load, spec};
    if (const auto* spec = spec_called(workload.options, given.name)) return {&settings.workload, spec};
  }
  if (plain || given.owner == backend.id)
    if (const auto* spec = spec_called(backend.options, given.name)) return {&settings.backend, spec};
  return {};
}

SettingMap defaults(std::span<const catalog::OptionSpec> specs, bool quick) {
  SettingMap out;
  for (const auto& spec : specs)
    out[spec.name] =
        quick && spec.quick ? Setting{*spec.quick, "quick default"} : Setting{spec.default_value, "default"};
  return out;
}

// What one option implies for another, unless the user gave that one too.
void follow(SettingMap& load) {
  const auto given = [&](const char* name) { return load.contains(name) && load.at(name).given; };
  const auto imply = [&](const char* name, catalog::OptionValue value, const char* because) {
    if (given(name) && load.at(name).value != value)
      throw base::usage_error(fmt::format("{} {} contradicts {}; leave one of them out", load.at(name).source,
                                          catalog::to_text(load.at(name).value), load.at(because).source));
    load[name] = {std::move(value), "implied by " + load.at(because).source};
  };
  if (given("duration") && get<double>(load, "duration") > 0 && !given("total_requests"))
    imply("total_requests", int64_t{0}, "duration");
  if (given("trace") && !get<std::string>(load, "trace").empty()) {
    imply("arrival", std::string("trace"), "trace");
    // the whole of it, unless something else bounds the run
    if (!given("total_requests")) imply("total_requests", int64_t{0}, "trace");
  }
  if (given("concurrency") && get<int64_t>(load, "concurrency") > 0)
    imply("arrival", std::string("closed"), "concurrency");
}

// What this arrival process does not use is refused where the user gave it, and is no part of the configuration.
void drop_unused(SettingMap& load) {
  const auto arrival = load.at("arrival");
  const auto& name = std::get<std::string>(arrival.value);
  std::erase_if(load, [&](const auto& entry) {
    const auto& [option, setting] = entry;
    if (load::has_effect(option, name)) return false;
    const bool nothing = setting.value == catalog::OptionValue("") || setting.value == catalog::OptionValue(int64_t{0});
    if (setting.given && !nothing)
      throw base::usage_error(fmt::format("{} {} has no effect with arrival '{}'{}; leave it out", setting.source,
                                          catalog::to_text(setting.value), name,
                                          arrival.source == "default" ? "" : fmt::format(" ({})", arrival.source)));
    return true;
  });
}

}  // namespace

bool command_line_only(std::string_view name) {
  constexpr std::array names = {"config", "set", "plugin_path", "all", "dry_run", "json", "resume", "trust_record"};
  return std::ranges::find(names, name) != names.end();
}

std::vector<catalog::OptionSpec> load_specs(const catalog::Manifest& workload) {
  auto specs = load::load_options();
  const auto set = [&](const catalog::OptionValues& defaults, const char* table, auto assign) {
    for (const auto& [name, value] : defaults) {
      const auto source = fmt::format("[{}] {} in {}", table, name, workload.file.string());
      const auto it = std::ranges::find(specs, name, &catalog::OptionSpec::name);
      if (it == specs.end()) {
        std::vector<std::string> names;
        add_names(names, specs);
        throw base::usage_error(
            fmt::format("{}: the host has no such load option{}", source, base::did_you_mean(name, names)));
      }
      assign(*it, catalog::parse_option(*it, catalog::to_text(value), source));
    }
  };
  set(workload.defaults, "defaults", [](catalog::OptionSpec& spec, catalog::OptionValue value) {
    spec.default_value = std::move(value);
    spec.quick.reset();
  });
  set(workload.quick_defaults, "defaults.quick",
      [](catalog::OptionSpec& spec, catalog::OptionValue value) { spec.quick = std::move(value); });
  return specs;
}

void refuse_host_names(const catalog::Manifest& manifest) {
  for (const auto& spec : manifest.options)
    if (is_host_name(spec.name))
      throw base::usage_error(
          fmt::format("option '{}' of {} has the name of the host's own flag {}; rename it in the manifest", spec.name,
                      place(manifest), catalog::option_flag(spec.name)));
}

void check_names(std::span<const catalog::Given> given, std::span<const catalog::Manifest* const> plugins,
                 const std::vector<std::string>& known_ids, std::span<const catalog::Flag> command_flags) {
  for (const auto& each : given) {
    if (command_line_only(each.name) && each.source != catalog::option_flag(each.name))
      throw base::usage_error(fmt::format("{}: '{}' belongs on the command line; write {} there", each.source,
                                          each.name, catalog::option_flag(each.name)));
    if (each.owner.empty())
      check_plain(each, command_flags, plugins);
    else
      check_qualified(each, plugins, known_ids);
  }
}

Settings resolve(std::span<const catalog::Given> given, const catalog::Manifest& workload,
                 const catalog::Manifest& backend, std::span<const catalog::Flag> command_flags) {
  const auto load = load_specs(workload);
  std::vector<catalog::OptionSpec> shared;
  for (const auto& flag : command_flags) shared.push_back(flag.spec);

  Settings out;
  out.shared = defaults(shared, false);
  const auto apply = [&](const catalog::Given& each) {
    const auto target = target_of(each, out, command_flags, load, workload, backend);
    if (target.spec == nullptr) return;
    (*target.settings)[each.name] = {catalog::parse_option(*target.spec, each.text, each.source), each.source, true};
  };
  for (const auto& each : given)
    if (each.owner.empty() && each.name == "quick") apply(each);
  const bool quick = get<bool>(out.shared, "quick");
  out.shared = defaults(shared, quick);
  out.load = defaults(load, quick);
  out.workload = defaults(workload.options, quick);
  out.backend = defaults(backend.options, quick);
  for (const auto& each : given) apply(each);
  follow(out.load);
  drop_unused(out.load);
  return out;
}

catalog::OptionValues values(const SettingMap& settings) {
  catalog::OptionValues out;
  for (const auto& [name, setting] : settings) out.emplace(name, setting.value);
  return out;
}

}  // namespace host::cell

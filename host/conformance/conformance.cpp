#include "conformance/conformance.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "base/child_answer.hpp"
#include "base/error.hpp"
#include "base/quote.hpp"
#include "conformance/calls.hpp"
#include "conformance/requirement.hpp"
#include "conformance/runs.hpp"

namespace host::conformance {
namespace {

std::span<const Requirement> run_requirements(catalog::PluginKind kind) {
  return kind == catalog::PluginKind::backend ? backend_requirements() : workload_requirements();
}

// `problem`: empty = it is kept; may throw Skip.
template <class Of, class Ask>
Finding find(const Of& requirement, const Ask& problem) {
  Finding finding{.requirement = requirement.name, .text = requirement.text};
  try {
    finding.detail = base::one_line(problem());
    if (!finding.detail.empty()) {
      finding.verdict = Finding::Verdict::broken;
      finding.remedy = requirement.remedy;
    }
  } catch (const Skip& skip) {
    finding.verdict = Finding::Verdict::skipped;
    finding.detail = base::one_line(skip.why);
  }
  return finding;
}

struct Asked {
  std::string problem;
  bool came_back = true;
};

// From a child; a skip is told by the first character.
Asked ask(const CallRequirement& requirement, const CallCase& of) {
  constexpr char kept = 'k', skipped = 's';
  std::error_code none;
  std::filesystem::remove(doing_file(of), none);
  try {
    const auto answer = base::ask_child(requirement.limit_s, [&] {
      try {
        return kept + requirement.problem(of);
      } catch (const Skip& skip) {
        return skipped + skip.why;
      }
    });
    if (!answer.why_none.empty()) {
      std::ifstream doing(doing_file(of));
      const std::string what(std::istreambuf_iterator<char>(doing), {});
      return {what.empty() ? answer.why_none : fmt::format("{}, with {}", answer.why_none, what), false};
    }
    if (answer.text[0] == skipped) throw Skip{answer.text.substr(1)};
    return {answer.text.substr(1)};
  } catch (const std::system_error& e) {
    throw base::Error(base::Exit::failed, fmt::format("cannot start a process to try the plugin in: {}", e.what()));
  }
}

}  // namespace

const char* to_string(Finding::Verdict verdict) {
  static constexpr const char* names[] = {"ok", "BROKEN", "skipped"};
  return names[static_cast<size_t>(verdict)];
}

std::vector<std::string> requirement_names(catalog::PluginKind kind) {
  std::vector<std::string> out;
  for (const auto& requirement : call_requirements(kind)) out.emplace_back(requirement.name);
  for (const auto& requirement : run_requirements(kind)) out.emplace_back(requirement.name);
  return out;
}

void try_plugin(const catalog::Manifest& plugin, const catalog::Catalog& catalog, const std::filesystem::path& scratch,
                uint64_t seed, const std::vector<std::string>& only, cell::StopSignals& stop,
                const std::function<void(Finding)>& tell) {
  const auto asked = [&](const auto& requirement) {
    return only.empty() || std::ranges::find(only, requirement.name) != only.end();
  };
  std::filesystem::path partner;
  if (const auto file = timeline_manifest(catalog); std::filesystem::exists(file))
    partner = catalog::read_manifest(file).library;
  const CallCase of{plugin, partner, scratch, seed};
  std::string lost;  // what it did not come back from: the next call would only take its time
  for (const auto& requirement : call_requirements(plugin.kind)) {
    if (!asked(requirement) || stop.count() != 0) continue;
    tell(find(requirement, [&] {
      if (!lost.empty()) throw Skip{fmt::format("'{}' did not come back", lost)};
      auto [problem, came_back] = ask(requirement, of);
      if (!came_back) lost = requirement.name;
      if (!came_back && requirement.by_running) throw Skip{problem};
      return problem;
    }));
  }

  const auto requirements = run_requirements(plugin.kind);
  if (std::ranges::none_of(requirements, asked)) return;
  const auto evidence = try_runs(plugin, catalog, scratch, seed, stop);
  for (const auto& requirement : requirements)
    if (asked(requirement)) tell(find(requirement, [&] { return requirement.problem(evidence); }));
}

}  // namespace host::conformance

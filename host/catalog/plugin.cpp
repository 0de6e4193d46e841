#include "catalog/plugin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/quote.hpp"
#include "catalog/trusted_file.hpp"

namespace host::catalog {
namespace {

// ------------------------------------------------------------------------------------- what the entry may call

// The text of the entry's failure, of the thread that called it.
thread_local std::string entry_failure;

// Services during `sage_entry_v1`, before there is a run. Static: a plugin may keep the pointer.
const sage_host& loading_services() {
  static const sage_host services = {
      sizeof(sage_host),
      SAGE_ABI_MINOR,
      nullptr,
      [](void*) -> int64_t { return base::monotonic_ns(); },
      [](void*, int32_t level, sage_str text) {
        if (level >= SAGE_LOG_WARNING && text.ptr != nullptr)
          fmt::print(stderr, "{}\n", base::one_line({text.ptr, static_cast<size_t>(text.size)}));
      },
      [](void*, sage_str text) {
        entry_failure = text.ptr == nullptr ? "" : std::string(text.ptr, static_cast<size_t>(text.size));
      },
      [](void*, sage_str, sage_str) -> uint32_t { return 0; },
      [](void*, const sage_record*, uint64_t) {},
      [](void*, const sage_completion*, uint64_t) {},
      [](void*, const sage_span*, uint64_t) {},
      [](void*, uint64_t, sage_status, sage_str) {},
      [](void*, const char*) -> const void* { return nullptr; },
      [](void*) {},
      [](void*, sage_str) {},
  };
  return services;
}

// ----------------------------------------------------------------------------------------------- the library

base::Error contract_error(const Manifest& manifest, const std::string& problem) {
  return base::usage_error(fmt::format("{} {} breaks the plugin contract: {}; report it to its author",
                                       to_string(manifest.kind), base::one_line(manifest.library.string()), problem));
}

// What dlerror said, out of the text that Boost.DLL wraps it in.
std::string loader_text(std::string_view wrapped) {
  constexpr std::string_view before = "dlerror system message: ", after = "): ";
  if (const auto begin = wrapped.find(before); begin != std::string_view::npos)
    wrapped.remove_prefix(begin + before.size());
  return base::one_line(wrapped.substr(0, wrapped.rfind(after)));
}

// [main] Stays loaded until the process ends: code of an unloaded library may still run in thread-exit destructors.
const boost::dll::shared_library& load_library(const Manifest& manifest) {
  static auto& loaded = *new std::vector<std::unique_ptr<boost::dll::shared_library>>;
  if (!std::filesystem::exists(manifest.library))
    throw base::Error(base::Exit::unavailable,
                      fmt::format("{} {}: its library {} is missing; build or install the plugin again",
                                  to_string(manifest.kind), manifest.id, base::one_line(manifest.library.string())));
  const auto library = real_path(manifest.library, "library");
  refuse_others(library.parent_path(), "folder");
  refuse_others(library, "library");
  // The other halves of a backend whose runtime is another process: what it starts, and the modules found there.
  refuse_others_in(library.parent_path() / "bridge");
  refuse_damaged(library);
  try {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    return *loaded.emplace_back(std::make_unique<boost::dll::shared_library>(library, rtld_now | rtld_local));
  } catch (const std::exception& e) {
    throw base::Error(base::Exit::unavailable,
                      fmt::format("{} {}: its library cannot be loaded: {}; install what it needs or build it again",
                                  to_string(manifest.kind), manifest.id, loader_text(e.what())));
  }
}

base::Exit exit_of(sage_status status) {
  if (status == SAGE_UNAVAILABLE) return base::Exit::unavailable;
  return status == SAGE_INVALID ? base::Exit::usage : base::Exit::failed;
}

sage_plugin call_entry(const Manifest& manifest, const boost::dll::shared_library& library) {
  if (!library.has(SAGE_ENTRY_SYMBOL))
    throw contract_error(manifest, "it does not export " SAGE_ENTRY_SYMBOL " (in C++: SAGE_PLUGIN(YourClass))");
  const auto& entry = library.get<sage_status(const sage_host*, sage_plugin*)>(SAGE_ENTRY_SYMBOL);
  sage_plugin table{};
  table.struct_size = sizeof(table);
  entry_failure.clear();
  const auto status = entry(&loading_services(), &table);
  if (status != SAGE_OK)
    throw base::Error(
        exit_of(status),
        fmt::format("{} {}: {}", to_string(manifest.kind), manifest.id,
                    entry_failure.empty() ? fmt::format("its entry returned status {} without a text; report it "
                                                        "to its author",
                                                        status)
                                          : base::one_line(entry_failure)));
  return table;
}

// ------------------------------------------------------------------------------------------------- the tables

// Pushes the names of the given members that `table` lacks.
#define SAGE_REQUIRE(missing, table, type, member) \
  if (!SAGE_HAS(table, type, member)) (missing).push_back(#type "." #member)

std::vector<std::string> missing_members(const sage_plugin& plugin, const Manifest& manifest) {
  std::vector<std::string> missing;
  SAGE_REQUIRE(missing, &plugin, sage_plugin, create);
  SAGE_REQUIRE(missing, &plugin, sage_plugin, destroy);
  if (const auto* workload = plugin.workload) {
    SAGE_REQUIRE(missing, workload, sage_workload, stages);
    SAGE_REQUIRE(missing, workload, sage_workload, pipelines);
    SAGE_REQUIRE(missing, workload, sage_workload, classes);
    SAGE_REQUIRE(missing, workload, sage_workload, operators);
    SAGE_REQUIRE(missing, workload, sage_workload, plan);
  }
  if (const auto* backend = plugin.backend) {
    SAGE_REQUIRE(missing, backend, sage_backend, open);
    SAGE_REQUIRE(missing, backend, sage_backend, submit);
    SAGE_REQUIRE(missing, backend, sage_backend, drain);
    SAGE_REQUIRE(missing, backend, sage_backend, close);
    if (std::ranges::find(manifest.capabilities, "virtual-time") != manifest.capabilities.end())
      SAGE_REQUIRE(missing, backend, sage_backend, advance);
    const auto controls = [](const std::string& name) {
      return name.starts_with("fault.") || name.starts_with("reconfigure.");
    };
    if (std::ranges::any_of(manifest.capabilities, controls)) SAGE_REQUIRE(missing, backend, sage_backend, control);
  }
  return missing;
}
#undef SAGE_REQUIRE

// A table that a newer header made is larger than ours, but not by this much.
bool is_table_size(uint32_t struct_size) { return struct_size >= 2 * sizeof(uint32_t) && struct_size <= 4096; }

void check_tables(const sage_plugin& plugin, const Manifest& manifest) {
  if (plugin.struct_size < offsetof(sage_plugin, get_extension) || plugin.struct_size > sizeof(sage_plugin))
    throw contract_error(manifest,
                         fmt::format("its entry left struct_size {}, {} to {} is possible", plugin.struct_size,
                                     offsetof(sage_plugin, get_extension), sizeof(sage_plugin)));
  if (plugin.workload != nullptr && plugin.backend != nullptr)
    throw contract_error(manifest, "it is both a workload and a backend");
  if (plugin.workload == nullptr && plugin.backend == nullptr)
    throw contract_error(manifest, "it is neither a workload nor a backend");
  const auto kind = plugin.workload != nullptr ? PluginKind::workload : PluginKind::backend;
  if (kind != manifest.kind) throw contract_error(manifest, fmt::format("its library is a {}", to_string(kind)));
  const auto size = plugin.workload != nullptr ? plugin.workload->struct_size : plugin.backend->struct_size;
  if (!is_table_size(size))
    throw contract_error(manifest, fmt::format("its {} table has struct_size {}", to_string(kind), size));
  if (const auto missing = missing_members(plugin, manifest); !missing.empty())
    throw contract_error(manifest, fmt::format("it lacks {}", fmt::join(missing, ", ")));
  // One that was built against a newer header may use what this host lacks; the manifest is what hosts look at first.
  if (plugin.abi_minor != static_cast<uint32_t>(manifest.abi_minor))
    throw contract_error(manifest,
                         fmt::format("it was built against plugin ABI {0}.{1}, and its manifest says abi = \"{0}.{2}\"",
                                     SAGE_ABI_MAJOR, plugin.abi_minor, manifest.abi_minor));
}

// ----------------------------------------------------------------------------------------- the embedded manifest

// Options that only one of them has, or that have another type there; other defaults and limits are an installer's to
// give.
std::vector<std::string> differing_options(const Manifest& a, const Manifest& b) {
  std::vector<std::string> out;
  const auto add_lacking = [&](const Manifest& from, const Manifest& in) {
    for (const auto& option : from.options) {
      const auto same = [&](const OptionSpec& other) { return other.name == option.name && other.type == option.type; };
      if (std::ranges::none_of(in.options, same) && std::ranges::find(out, option.name) == out.end())
        out.push_back(option.name);
    }
  };
  add_lacking(a, b);
  add_lacking(b, a);
  return out;
}

void check_embedded(const sage_plugin& plugin, const Manifest& manifest) {
  constexpr uint64_t size_max = 1 << 20;
  if (plugin.manifest.ptr == nullptr || plugin.manifest.size == 0 || plugin.manifest.size > size_max)
    throw contract_error(manifest, "it has no manifest embedded");
  Manifest embedded;
  try {
    // As if it lay beside the library under another name, so that a complaint does not point at the file.
    const auto name = manifest.file.parent_path() / (manifest.library.filename().string() + "(embedded manifest)");
    embedded = parse_manifest({plugin.manifest.ptr, static_cast<size_t>(plugin.manifest.size)}, name);
  } catch (const base::Error& e) {
    throw contract_error(manifest, e.what());
  }
  std::vector<std::string> differing;
  if (embedded.kind != manifest.kind) differing.emplace_back("kind");
  if (embedded.id != manifest.id) differing.emplace_back("id");
  if (embedded.version != manifest.version) differing.emplace_back("version");
  if (embedded.abi_minor != manifest.abi_minor) differing.emplace_back("abi");
  if (embedded.capabilities != manifest.capabilities) differing.emplace_back("capabilities");
  if (embedded.required_capabilities != manifest.required_capabilities) differing.emplace_back("requires.capabilities");
  if (embedded.required_extensions != manifest.required_extensions) differing.emplace_back("requires.extensions");
  if (const auto options = differing_options(embedded, manifest); !options.empty())
    differing.push_back(fmt::format("options ({})", fmt::join(options, ", ")));
  if (!differing.empty())
    throw base::usage_error(fmt::format(
        "{}: {} not as the manifest embedded in {} says; install library and manifest of one build",
        base::one_line(manifest.file.string()), fmt::join(differing, ", "), manifest.library.filename().string()));
}

}  // namespace

Plugin load_plugin(const Manifest& manifest) {
  Plugin out{manifest, call_entry(manifest, load_library(manifest))};
  check_tables(out.table, manifest);
  check_embedded(out.table, manifest);
  return out;
}

}  // namespace host::catalog

// The machine a run was measured on, for its record.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace host::machine {

// Everything comes from files below `root` (tests give their own) and uname(2); no program is started. What cannot be
// read is null. Keys: hostname, os, distribution, kernel, arch, cpu_model, cores (online logical CPUs), memory_gb, gpu,
// governor, frequency_driver, frequency_max_mhz, turbo, smt, threads_per_core, sockets, numa_nodes, affinity and
// isolated_cpus (lists), hypervisor (the CPU says so), product (of DMI: "KVM", a server's model), clock_source,
// huge_pages (transparent ones), swap_gb, cpu_limit (cores) and memory_limit_gb of the control group, compiler,
// host_version, git_revision (of the sources this was built from).
nlohmann::json system_profile(const std::filesystem::path& root = "/");

}  // namespace host::machine

#include "cli/man_texts.hpp"

#include <array>

namespace host::cli {
namespace {

constexpr std::string_view of_plugins = " run pair rerun verify list describe doctor setup completion ";

constexpr std::array environment = {
    ManText{"SAGE_PLUGIN_PATH",
            "Folders searched for manifests, with colons between them, instead of the standard ones.", of_plugins},
    ManText{"SAGE_ADD_PLUGIN_PATH", "Folders searched for manifests before the others, after those of --plugin-path.",
            of_plugins},
    ManText{"XDG_DATA_HOME",
            "Where the user's manifests (sage/manifests) and Python environments (sage-host/envs) are; ~/.local/share "
            "by default.",
            of_plugins},
    ManText{"XDG_DATA_DIRS", "Where others' manifests are, in sage/manifests; /usr/local/share:/usr/share by default.",
            of_plugins},
    ManText{"XDG_RUNTIME_DIR", "Where scratch folders are made; /tmp by default.", " run pair rerun "},
    ManText{"TERM", "Empty or dumb: progress is printed line by line.", " run pair rerun "},
};

constexpr std::array files = {
    ManText{"<output folder>/<run id>/", "One run. Its name holds workload, backend, time and configuration.",
            " run rerun "},
    ManText{"unified_results.jsonl, unified_results.csv", "The record of a run, which compare and report read.",
            " run pair rerun compare report verify "},
    ManText{"records.jsonl", "The stream of a run: intervals, events, requests if logged; readable at any time.",
            " run pair rerun report verify "},
    ManText{"repro_manifest.json", "What it takes to run the same again, and the hashes of a run's files.",
            " run pair rerun verify "},
    ManText{"latency.hlog", "Distributions of response times, for HdrHistogram's tools.", " run pair rerun report "},
    ManText{"requests.bin", "Single requests, with --request-log binary.", " run pair "},
    ManText{"run.log", "Command line, start, and how it ended.", " run pair rerun "},
    ManText{"state.json", "How far several runs, a search or a paired run have come, for --resume.", " run pair "},
    ManText{"summary.md, comparison.csv, report.html", "What a comparison writes into its output folder.",
            " pair compare "},
    ManText{"report.html", "The page of a report, in the first folder named, unless --html says where.", " report "},
    ManText{"~/.local/share/sage-host/envs/", "Python environments, a folder each.", " setup doctor "},
    ManText{"<prefix>/lib/sage-host/plugins/*.toml", "Manifests of the plugins that come with sage-host.",
            " list describe doctor "},
};

}  // namespace

std::span<const ManText> environment_texts() { return environment; }
std::span<const ManText> file_texts() { return files; }

}  // namespace host::cli

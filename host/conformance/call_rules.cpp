// What plugins are asked by calling them, without a run.
#include "conformance/backend_calls.hpp"
#include "conformance/calls.hpp"
#include "conformance/workload_calls.hpp"

namespace host::conformance {
namespace {

constexpr CallRequirement create_rule = {
    "creates", "create returns within 1 s", "start nothing in create; that is for open", 30, false, creates};
constexpr CallRequirement options_rule = {"takes-options",
                                          "create takes any options, or refuses them with a text",
                                          "host->fail, then SAGE_INVALID; ignore names of later hosts",
                                          60,
                                          false,
                                          fuzzed_options};
constexpr CallRequirement services_rule = {"services",
                                           "each call has a text for its failure, and the host is called in turn",
                                           "see the text, and the threads and states in sage/abi.h",
                                           60,
                                           true,
                                           services};
constexpr CallRequirement leaks_rule = {
    "leaks", "what it takes it gives back: memory, threads, descriptors", "free it in close or destroy", 120, true,
    leaks};

constexpr CallRequirement of_backends[] = {
    create_rule,
    options_rule,
    services_rule,
    {"refuses-unknown", "events and ids that it does not know are refused, or passed over",
     "SAGE_UNSUPPORTED for events, SAGE_OK for ids in cancel", 60, true, refuses_unknown},
    leaks_rule,
};
constexpr CallRequirement of_workloads[] = {
    create_rule,
    options_rule,
    services_rule,
    {"plans-alike", "the same seed gives the same requests, whatever blocks they are planned in",
     "derive each row from seed and seq alone", 60, false, plans_alike},
    {"operator-times", "times that its operators give are possible",
     "take host->now_ns within the call; hold_ns and what lies in it are durations", 60, false, operators_keep_time},
    {"any-order", "verdicts do not depend on the order of ends", "judge by seq; keep what has to wait", 60, false,
     judges_in_any_order},
    {"losses", "lost requests neither pass nor make the run wrong", "look at sage_outcome.outcome first", 60, false,
     judges_losses},
    leaks_rule,
};

}  // namespace

std::span<const CallRequirement> call_requirements(catalog::PluginKind kind) {
  if (kind == catalog::PluginKind::backend) return of_backends;
  return of_workloads;
}

}  // namespace host::conformance

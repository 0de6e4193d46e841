#include "conformance/backend_calls.hpp"

#include <fmt/format.h>

#include "conformance/calls.hpp"

namespace host::conformance {
namespace {

struct Unknown {
  uint32_t kind;
  const char* target;
};
// What a later header, or a workload that made it up, may ask for.
constexpr Unknown unknown_events[] = {
    {99, "kill-worker"}, {SAGE_EVENT_FAULT, "of-a-later-host"}, {SAGE_EVENT_RECONFIGURE, "of-a-later-host"}};

}  // namespace

std::string refuses_unknown(const CallCase& of) {
  if (of.partner.empty()) throw Skip{"the workload to try it with is not installed"};
  sage::testing::Run run(sage::testing::entry_of(of.partner.string()),
                         sage::testing::entry_of(of.plugin.library.string()), small_load(of));
  run.open();
  const auto& table = run.backend_table();
  std::vector<uint64_t> accepted(1, 0);
  if (SAGE_HAS(&table, sage_backend, control))
    for (const auto& unknown : unknown_events) {
      sage_event event{};
      event.id = run.host().locked([&] { return ++run.host().events_issued; });
      event.due_ns = run.host().now_ns();
      event.kind = unknown.kind;
      event.target = sage::str(unknown.target);
      event.args = sage::str("{}");
      // accepted: it may still say later that it cannot
      accepted.push_back(table.control(run.backend_instance(), &event) == SAGE_OK ? event.id : 0);
    }
  if (SAGE_HAS(&table, sage_backend, cancel)) {
    constexpr std::array<uint64_t, 3> ids = {1, 1'000'000, UINT64_MAX};  // none was sent
    if (const auto status = table.cancel(run.backend_instance(), ids.data(), ids.size()); status != SAGE_OK)
      return fmt::format("cancel of ids that have ended gives status {}", status);
  }
  const auto problems = run.host().locked([&] { return run.host().report.problems; });
  if (!problems.empty()) return problems[0];
  const auto report = run.finish();
  for (const auto& [id, status] : report.events)
    if (status == SAGE_OK)
      return fmt::format("it confirmed '{}' of kind {}", unknown_events[id - 1].target, unknown_events[id - 1].kind);
  for (size_t id = 1; id < accepted.size(); ++id)
    if (accepted[id] != 0 && !report.events.contains(id))
      return fmt::format("it took '{}' of kind {}, and never said that it cannot", unknown_events[id - 1].target,
                         unknown_events[id - 1].kind);
  return "";
}

}  // namespace host::conformance

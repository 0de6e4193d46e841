#include "control.hpp"

#include <cstdint>
#include <limits>
#include <string>

namespace threads {
namespace {

struct Arguments {
  std::string target;
  sage::Json json;

  [[nodiscard]] sage::Failure invalid(const std::string& what) const {
    return {SAGE_INVALID, "event '" + target + "' with arguments " + json.dump() + ": " + what};
  }
  [[nodiscard]] std::string stage() const {
    const auto found = json.find("stage");
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  }
  // `what` says what the number is, for the one who left it out.
  [[nodiscard]] uint32_t number(const char* name, uint32_t min, const char* what) const {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer() || *found < min ||
        *found > std::numeric_limits<uint16_t>::max())
      throw invalid("\"" + std::string(name) + "\" must be " + what);
    return found->get<uint32_t>();
  }
};

Arguments read_arguments(const sage_event& event) {
  Arguments arguments{std::string(sage::view(event.target)), sage::Json::object()};
  if (event.args.size != 0) arguments.json = sage::Json::parse(sage::view(event.args), nullptr, false);
  if (!arguments.json.is_object())
    throw sage::Failure(SAGE_INVALID, "event '" + arguments.target + "': its arguments must be a JSON object");
  return arguments;
}

}  // namespace

void control(Runtime& runtime, const sage_event& event) {
  const auto arguments = read_arguments(event);
  const auto& target = arguments.target;
  const bool fault = event.kind == SAGE_EVENT_FAULT;
  const bool heal = event.kind == SAGE_EVENT_HEAL;
  const auto worker = [&] { return arguments.number("worker", 0, "the worker's number, from 0"); };

  if ((fault || heal) && target == "kill-worker") {
    auto& stage = runtime.stage(arguments.stage());
    fault ? stage.kill(worker(), event.id) : stage.revive(worker(), event.id);
  } else if ((fault || heal) && target == "freeze-worker") {
    runtime.stage(arguments.stage()).freeze(worker(), fault, event.id);
  } else if (event.kind == SAGE_EVENT_RECONFIGURE && target == "parallelism") {
    auto& stage = runtime.stage(arguments.stage());
    stage.resize(arguments.number("value", 1, "the number of workers, from 1"), event.id);
  } else if (event.kind == SAGE_EVENT_RECONFIGURE && target == "replace-worker") {
    runtime.stage(arguments.stage()).replace(worker(), event.id);
  } else {
    throw sage::Failure(SAGE_UNSUPPORTED, "backend threads has no control event '" + target +
                                              "'; it has kill-worker and freeze-worker (fault, heal) and "
                                              "parallelism and replace-worker (reconfigure)");
  }
}

}  // namespace threads

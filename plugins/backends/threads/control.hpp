// Control events: what they ask for, checked, and passed to the stage they concern.
#pragma once

#include <sage/plugin.hpp>

#include "runtime.hpp"

namespace threads {

// Throws sage::Failure; otherwise the event is answered when its effect is real, perhaps within the call.
void control(Runtime& runtime, const sage_event& event);

}  // namespace threads

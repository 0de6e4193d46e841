// What holds whatever a plugin does, stated where it must hold: if not, the host itself is at fault. Checked in builds
// without NDEBUG (every preset but `release`); there it throws, which ends the run with the text as its reason.
#pragma once

#ifdef NDEBUG
#define HOST_INVARIANT(holds, text) static_cast<void>(0)
#else
#include <stdexcept>
#define HOST_INVARIANT(holds, text) \
  if (!(holds)) [[unlikely]]        \
  throw std::logic_error("the host's own invariant is broken: " text " (" #holds ")")
#endif

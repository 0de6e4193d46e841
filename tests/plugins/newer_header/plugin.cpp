// Was built with a newer header than its manifest says, so that a host cannot know what it uses.
#include "instant.hpp"

extern "C" SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  const auto status = sage::detail::entry<Instant>(host, out, {sage_manifest_text, sage_manifest_size});
  out->abi_minor = SAGE_ABI_MINOR + 1;
  return status;
}

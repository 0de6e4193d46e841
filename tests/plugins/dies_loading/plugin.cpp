// Ends or hangs while it is loaded, before there are options: as the environment's DIES_LOADING says, a place
// (constructor, entry) and how (crash, exit, hang).
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "instant.hpp"

namespace {

void die_in(std::string_view place) {
  const char* asked = std::getenv("DIES_LOADING");
  const std::string_view text = asked == nullptr ? "" : asked;
  if (!text.starts_with(place)) return;
  if (text.ends_with("crash")) std::raise(SIGSEGV);
  if (text.ends_with("exit")) std::_Exit(0);
  if (text.ends_with("hang")) pause();
}

[[gnu::constructor]] void constructed() { die_in("constructor"); }

}  // namespace

extern "C" SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  die_in("entry");
  return sage::detail::entry<Instant>(host, out, {sage_manifest_text, sage_manifest_size});
}

/* Claims that its sage_plugin is larger than the one the host gave it. */
#include <sage/abi.h>

sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  (void)host;
  out->struct_size = 100000;
  return SAGE_OK;
}

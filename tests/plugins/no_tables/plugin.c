/* Neither a workload nor a backend. */
#include <sage/abi.h>
#include <string.h>

/* Written by sage_add_plugin(). */

static sage_status create(const sage_host* host, sage_str id, sage_str config, void** self) {
  (void)host, (void)id, (void)config;
  *self = NULL;
  return SAGE_OK;
}
static void destroy(void* self) { (void)self; }

sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  const sage_plugin plugin = {
      sizeof(sage_plugin), SAGE_ABI_MINOR, {sage_manifest_text, sage_manifest_size}, create, destroy, NULL, NULL, NULL};
  (void)host;
  memcpy(out, &plugin, sizeof(plugin));
  return SAGE_OK;
}

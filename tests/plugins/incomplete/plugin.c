/* A backend without drain and close; its table ends before close, and drain is null. */
#include <sage/abi.h>
#include <string.h>

/* Written by sage_add_plugin(). */

static sage_status create(const sage_host* host, sage_str id, sage_str config, void** self) {
  (void)host, (void)id, (void)config;
  *self = NULL;
  return SAGE_OK;
}
static void destroy(void* self) { (void)self; }
static sage_status open(void* self, const sage_run* run) {
  (void)self, (void)run;
  return SAGE_OK;
}
static sage_status submit(void* self, const sage_request* rows, uint64_t n, uint64_t* taken) {
  (void)self, (void)rows;
  *taken = n;
  return SAGE_OK;
}
static const sage_backend backend = {.struct_size = offsetof(sage_backend, close), .open = open, .submit = submit};

sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  const sage_plugin plugin = {sizeof(sage_plugin),
                              SAGE_ABI_MINOR,
                              {sage_manifest_text, sage_manifest_size},
                              create,
                              destroy,
                              NULL,
                              &backend,
                              NULL};
  (void)host;
  memcpy(out, &plugin, sizeof(plugin));
  return SAGE_OK;
}

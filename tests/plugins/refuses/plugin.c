/* The entry itself refuses, as a backend does whose runtime is not installed. */
#include <sage/abi.h>
#include <string.h>

sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  const char* text = "the imaginary runtime is not installed; apt install imaginary";
  const sage_str message = {text, strlen(text)};
  (void)out;
  host->fail(host->ctx, message);
  return SAGE_UNAVAILABLE;
}

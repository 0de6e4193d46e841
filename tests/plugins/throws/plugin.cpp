// Throws from the call that its option `where` names: the C++ layer must turn it into a status with this text.
#include <stdexcept>

#include "instant.hpp"

class Broken : public BreaksIn {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : BreaksIn(host, id, options, "submit",
                 [](const std::string& where) { throw std::runtime_error("thrown on purpose in " + where); }) {}
};

// Past the C++ layer, as a plugin in another language might.
extern "C" SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  const auto status = sage::detail::entry<Broken>(host, out, {sage_manifest_text, sage_manifest_size});
  static auto table = *out->backend;
  table.open = [](void* self, const sage_run* run) -> sage_status {
    const auto& object = static_cast<const Broken&>(*sage::detail::backend(self).object);
    if (object.where() == "open, raw") throw std::runtime_error("thrown on purpose in open, raw");
    return sage::detail::backend_table().open(self, run);
  };
  out->backend = &table;
  return status;
}

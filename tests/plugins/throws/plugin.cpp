// Throws from the call that its option `where` names: the C++ layer must turn it into a status with this text.
#include <stdexcept>

#include "instant.hpp"

class Broken : public Instant {
 public:
  Broken(sage::Host host, std::string_view id, const sage::Json& options)
      : Instant(host, id, options), where_(options.value("where", "submit")) {
    throw_if("create");
  }
  void open(const sage_run& run) override {
    throw_if("open");
    Instant::open(run);
  }
  [[nodiscard]] const std::string& where() const { return where_; }
  size_t submit(std::span<const sage_request> rows) override {
    throw_if("submit");
    return Instant::submit(rows);
  }
  bool drain(int64_t timeout_ns) override {
    throw_if("drain");
    return Instant::drain(timeout_ns);
  }
  void close() override {
    throw_if("close");
    Instant::close();
  }

 private:
  void throw_if(std::string_view call) const {
    if (where_ == call) throw std::runtime_error("thrown on purpose in " + where_);
  }
  std::string where_;
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

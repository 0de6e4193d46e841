#include "mock/options.hpp"

#include <charconv>
#include <string>
#include <string_view>

namespace mock {
namespace {

using sage::Failure;

// Of two choices, whether `second` is the one taken.
bool is_second(const sage::Json& config, const char* name, const char* first, const char* second) {
  const auto text = config.value(name, std::string(first));
  if (text != first && text != second)
    throw Failure(SAGE_INVALID,
                  "mock: option '" + std::string(name) + "' is '" + text + "'; use " + first + " or " + second);
  return text == second;
}

ServiceShape read_shape(const sage::Json& config) {
  const auto text = config.value("service", std::string("model"));
  if (text == "model" || text == "constant") return ServiceShape::constant;
  if (text == "exponential") return ServiceShape::exponential;
  if (text == "lognormal") return ServiceShape::lognormal;
  if (text == "hyperexponential") return ServiceShape::hyperexponential;
  throw Failure(SAGE_INVALID, "mock: option 'service' is '" + text +
                                  "'; use model, constant, exponential, lognormal or hyperexponential");
}

double read_number(const sage::Json& config, const char* name, double otherwise) {
  const auto value = config.value(name, otherwise);
  if (!(value >= 0 && value <= 1e9))
    throw Failure(SAGE_INVALID, "mock: option '" + std::string(name) + "' must be between 0 and 1e9");
  return value;
}

std::vector<double> read_speeds(const std::string& text) {
  std::vector<double> speeds;
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    auto item = rest.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    double speed = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), speed);
    if (error != std::errc{} || end != item.data() + item.size() || !(speed > 0 && speed <= 1e6))
      throw Failure(SAGE_INVALID, "mock: option 'node_speeds' is '" + text +
                                      "'; give speeds above 0 separated by commas, for example 1,1,0.35");
    speeds.push_back(speed);
    if (comma == std::string_view::npos) return speeds;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Options read_options(const sage::Json& config) {
  Options options;
  options.real_clock = is_second(config, "clock", "virtual", "real");
  options.shape = read_shape(config);
  options.service_ns = read_number(config, "service_ms", 0) * 1e6;
  options.service_cv = read_number(config, "service_cv", options.service_cv);
  if (options.shape == ServiceShape::hyperexponential && options.service_cv < 1)
    throw Failure(SAGE_INVALID, "mock: option 'service_cv' must be at least 1 with service = hyperexponential");
  options.network_ns = std::llround(read_number(config, "network_us", 0) * 1e3);
  options.node_speeds = read_speeds(config.value("node_speeds", std::string("1")));
  const auto drivers = config.value("drivers", int64_t{1});
  if (drivers < 1 || drivers > 64) throw Failure(SAGE_INVALID, "mock: option 'drivers' must be between 1 and 64");
  options.drivers = static_cast<uint64_t>(drivers);
  options.driver_ns = std::llround(read_number(config, "driver_us", 0) * 1e3);
  const auto capacity = config.value("queue_capacity", int64_t{0});
  if (capacity < 0) throw Failure(SAGE_INVALID, "mock: option 'queue_capacity' must be 0 (unbounded) or more");
  options.queue_capacity = static_cast<uint64_t>(capacity);
  options.reject_when_full = is_second(config, "on_full", "wait", "reject");
  options.resend = config.value("resend", false);
  options.reconfigure_ns = std::llround(read_number(config, "reconfigure_ms", 0) * 1e6);
  options.operators = config.value("operators", false);
  return options;
}

}  // namespace mock

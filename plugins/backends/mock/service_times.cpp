#include "mock/service_times.hpp"

#include <cmath>
#include <numbers>

namespace mock {

ServiceTimes::ServiceTimes(const Options& options, uint64_t seed, uint32_t steps_max)
    : draw_(seed, "mock.service"), shape_(options.shape), service_ns_(options.service_ns), steps_max_(steps_max) {
  const auto cv2 = options.service_cv * options.service_cv;
  sigma_ = std::sqrt(std::log1p(cv2));
  // Two phases with balanced means (p1 / rate1 = p2 / rate2), the usual choice for a given cv >= 1.
  slow_share_ = (1 - std::sqrt(std::max(0.0, cv2 - 1) / (cv2 + 1))) / 2;
}

double ServiceTimes::shape(uint64_t n) const {
  switch (shape_) {
    case ServiceShape::constant:
      return 1;
    case ServiceShape::exponential:
      return draw_.exponential(2 * n);
    case ServiceShape::lognormal: {
      // Box and Muller 1958
      const auto radius = std::sqrt(2 * draw_.exponential(2 * n));
      const auto normal = radius * std::cos(2 * std::numbers::pi * draw_.unit(2 * n + 1));
      return std::exp(sigma_ * normal - sigma_ * sigma_ / 2);
    }
    case ServiceShape::hyperexponential: {
      const auto share = draw_.unit(2 * n + 1) < slow_share_ ? slow_share_ : 1 - slow_share_;
      return draw_.exponential(2 * n) / (2 * share);
    }
  }
  return 1;
}

ServiceTime ServiceTimes::draw(const sage_request& request, const StageSpec& stage, uint32_t step) const {
  const auto until_first = stage.cost_base_ns + stage.cost_per_unit_in_ns * request.units_in;
  const auto modelled = until_first + stage.cost_per_unit_out_ns * request.units_out;
  const auto mean_ns = service_ns_ > 0 ? service_ns_ : modelled;
  const auto total_ns = mean_ns * shape(request.seq * steps_max_ + step);
  ServiceTime time{std::llround(total_ns), 0};
  if (stage.cost_per_unit_out_ns > 0 && modelled > 0)
    time.first_ns = std::max<int64_t>(1, std::llround(total_ns * until_first / modelled));
  return time;
}

}  // namespace mock

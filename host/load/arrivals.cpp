#include "load/arrivals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <sage/plugin.hpp>
#include <stdexcept>

#include "load/trace.hpp"

namespace host::load {
namespace {

constexpr double ns_per_s = 1e9;

// Of which request the process is drawn anew; UINT64_MAX = none.
uint64_t anew_at(const LoadConfig& config) { return begins_anew(config) ? config.warmup_items : UINT64_MAX; }

// A renewal process: independent gaps of one distribution. `Gaps` returns the next gap in ns, and with `rest` what is
// left of a gap at a moment that is no arrival's.
template <class Gaps>
class Renewal final : public Arrivals {
 public:
  Renewal(Gaps gaps, uint64_t anew_at, nlohmann::json notes)
      : gaps_(gaps), anew_at_(anew_at), notes_(std::move(notes)) {}
  size_t next(Due* rows, size_t n) override {
    for (size_t i = 0; i < n; ++i) rows[i] = {.at_ns = elapsed_.add(seq_++ == anew_at_ ? gaps_.rest() : gaps_())};
    return n;
  }
  [[nodiscard]] nlohmann::json notes() const override { return notes_; }

 private:
  Gaps gaps_;
  uint64_t anew_at_;
  uint64_t seq_ = 0;
  nlohmann::json notes_;
  Elapsed elapsed_;
};

// The first arrival is at 0, so that `rate * duration` requests fall into [0, duration).
struct ConstantGaps {
  double gap_ns;
  bool first = true;
  double operator()() { return std::exchange(first, false) ? 0 : gap_ns; }
  double rest() { return (*this)(); }
};

struct PoissonGaps {
  sage::Draw draw;
  double mean_ns;
  uint64_t seq = 0;
  double operator()() { return mean_ns * draw.exponential(seq++); }
  double rest() { return (*this)(); }  // it has no memory
};

// Gamma gaps by Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000: a squeeze
// on the cube of a normal, accepted for more than 95 % of draws. Shape k = 1/cv^2, so the coefficient of variation is
// `cv`; a shape below 1 is drawn as shape + 1 and scaled by U^(1/k) (their section 6).
class GammaGaps {
 public:
  GammaGaps(sage::Draw draw, double mean_ns, double cv) : draw_(draw) {
    const double shape = 1 / (cv * cv);
    scale_ns_ = mean_ns / shape;
    boost_ = shape < 1 ? cv * cv : 0;
    d_ = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    d_larger_ = shape + 1 - 1.0 / 3;
  }
  double operator()() {
    const double boost = boost_ > 0 ? std::exp(-boost_ * exponential()) : 1;  // U^(1/k)
    return gamma(d_) * boost * scale_ns_;
  }
  // A moment falls into a gap in proportion to its length, so into one of shape k + 1, and anywhere in it.
  double rest() { return gamma(d_larger_) * draw_.unit(count_++) * scale_ns_; }

 private:
  // Of shape d + 1/3 >= 1 and scale 1.
  double gamma(double d) {
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal();
      const double root = 1 + c * x;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (-exponential() < x * x / 2 + d * (1 - v + std::log(v))) return d * v;
    }
  }
  double exponential() { return draw_.exponential(count_++); }
  // Box and Muller, 1958.
  double normal() {
    const double radius = std::sqrt(2 * exponential());
    return radius * std::cos(2 * std::numbers::pi * draw_.unit(count_++));
  }
  sage::Draw draw_;
  uint64_t count_ = 0;  // draws so far: a gap takes as many as it needs
  double scale_ns_;
  double boost_;     // 1/k for k < 1, else 0
  double d_;         // of the shape that is drawn
  double d_larger_;  // of one more than the distribution's own
};

// Two-state Markov-modulated Poisson process (Fischer and Meier-Hellstern, "The Markov-modulated Poisson process (MMPP)
// cookbook", Performance Evaluation 18, 1993), by time rescaling: arrival n uses up one exponential of mean 1, at the
// rate of the state that holds; a change of state only changes the speed at which it is used up. So arrival n has draw
// n and the k-th stay in a state has draw k, whatever the rates.
class Bursty final : public Arrivals {
 public:
  explicit Bursty(const LoadConfig& config)
      : arrivals_(config.seed, "arrivals"),
        dwells_(config.seed, "arrivals.dwell"),
        starts_(config.seed, "arrivals.start"),
        rates_(burst_rates(config)),
        anew_at_(anew_at(config)),
        dwell_mean_ns_{config.calm_dwell_s * ns_per_s, config.burst_dwell_s * ns_per_s} {
    in_burst_ = config.burst_dwell_s / (config.burst_dwell_s + config.calm_dwell_s);
    begin(0);
    starts_in_burst_ = state_ == 1;
    per_ns_ = {rates_.calm / ns_per_s, rates_.burst / ns_per_s};
  }
  size_t next(Due* rows, size_t n) override {
    for (size_t i = 0; i < n; ++i) {
      const int64_t at_ns = arrive();
      rows[i] = {.at_ns = at_ns, .burst = state_};
    }
    return n;
  }
  [[nodiscard]] nlohmann::json notes() const override {
    return {{"process", "bursty"},
            {"calm_rate", rates_.calm},
            {"burst_rate", rates_.burst},
            {"starts_in", starts_in_burst_ ? "burst" : "calm"}};
  }

 private:
  // In the stationary distribution, so that the mean rate holds from the first second. Dwell times have no memory: what
  // is left of the first one is distributed like a whole one.
  void begin(uint64_t draw) {
    state_ = starts_.unit(draw) < in_burst_ ? 1 : 0;
    left_ns_ = dwell_mean_ns_[state_] * dwells_.exponential(stay_++);
  }
  int64_t arrive() {
    if (seq_ == anew_at_) begin(1);
    double work = arrivals_.exponential(seq_++);
    while (work > left_ns_ * per_ns_[state_]) {
      work -= left_ns_ * per_ns_[state_];
      if (elapsed_.add(left_ns_) == latest_due_ns) return latest_due_ns;
      state_ ^= 1;
      left_ns_ = dwell_mean_ns_[state_] * dwells_.exponential(stay_++);
    }
    const double gap_ns = work / per_ns_[state_];
    left_ns_ = std::max(0.0, left_ns_ - gap_ns);
    return elapsed_.add(gap_ns);
  }
  sage::Draw arrivals_;
  sage::Draw dwells_;
  sage::Draw starts_;
  BurstRates rates_;
  uint64_t anew_at_;
  double in_burst_ = 0;                  // share of the time
  std::array<double, 2> dwell_mean_ns_;  // of calm, burst
  std::array<double, 2> per_ns_{};       // rates, likewise
  Elapsed elapsed_;
  double left_ns_ = 0;  // of the stay in the current state
  uint64_t seq_ = 0;
  uint64_t stay_ = 0;
  uint8_t state_ = 0;  // 0 calm, 1 burst
  bool starts_in_burst_ = false;
};

class Offline final : public Arrivals {
 public:
  size_t next(Due* rows, size_t n) override {
    std::fill_n(rows, n, Due{});
    return n;
  }
  [[nodiscard]] nlohmann::json notes() const override { return {{"process", "offline"}}; }
};

template <class Gaps>
std::unique_ptr<Arrivals> renewal(Gaps gaps, const LoadConfig& config, nlohmann::json notes) {
  return std::make_unique<Renewal<Gaps>>(gaps, anew_at(config), std::move(notes));
}

}  // namespace

BurstRates burst_rates(const LoadConfig& config) {
  const double cycle_s = config.calm_dwell_s + config.burst_dwell_s;
  const double calm = config.rate * cycle_s / (config.calm_dwell_s + config.burst_factor * config.burst_dwell_s);
  return {calm, config.burst_factor * calm};
}

std::unique_ptr<Arrivals> make_arrivals(const LoadConfig& config) {
  const double mean_ns = ns_per_s / config.rate;
  const sage::Draw draw(config.seed, "arrivals");
  switch (config.arrival) {
    case Arrival::constant:
      return renewal(ConstantGaps{mean_ns}, config, {{"process", "constant"}});
    case Arrival::poisson:
      return renewal(PoissonGaps{draw, mean_ns}, config, {{"process", "poisson"}});
    case Arrival::gamma:
      return renewal(GammaGaps(draw, mean_ns, config.cv), config,
                     {{"process", "gamma"}, {"shape", 1 / (config.cv * config.cv)}});
    case Arrival::bursty:
      return std::make_unique<Bursty>(config);
    case Arrival::trace:
      return make_trace_arrivals(config);
    case Arrival::offline:
      return std::make_unique<Offline>();
    case Arrival::closed:
      break;
  }
  throw std::logic_error("a closed loop has no arrival process: each request is due when an earlier one ends");
}

}  // namespace host::load

#include "compare/stop_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "catalog/option.hpp"
#include "compare/scoped_name.hpp"

namespace host::compare {
namespace {

constexpr auto example = "write it as \"latency_p99 +-5%\" or \"class:chat/latency_p99 +-5%\"";

}  // namespace

StopRule parse_stop_rule(std::string_view text) {
  const auto refuse = [&](const std::string& cause) {
    return base::usage_error(fmt::format("\"{}\": {}; {}", text, cause, example));
  };
  constexpr std::array<std::string_view, 2> signs = {"+-", "±"};
  std::string_view sign;
  for (const auto one : signs)
    if (text.find(one) != std::string_view::npos) sign = one;
  if (sign.empty()) throw refuse("neither +- nor ± is in it");
  const auto at = text.find(sign);
  auto name = read_scoped_name(text.substr(0, at));
  if (!name.problem.empty()) throw refuse(name.problem);
  const auto* definition = metrics::find_metric(name.metric);
  if (!metrics::is_compared(*definition, metrics::find_statistic(*definition, name.metric), kind_of_scope(name.scope)))
    throw refuse(fmt::format("{} is not compared in {}, so that it has no interval", name.metric, name.scope));
  std::string share(trimmed(text.substr(at + sign.size())));
  std::erase(share, ' ');
  constexpr double least = 0.0001, most = 1;
  return {.scope = std::move(name.scope),
          .metric = std::move(name.metric),
          .share = catalog::parse_share(fmt::format("\"{}\":", text), share, least, most)};
}

std::string to_text(const StopRule& rule) {
  return fmt::format("{}{} +-{:g}%", rule.scope == "total" ? "" : rule.scope + "/", rule.metric, rule.share * 100);
}

}  // namespace host::compare

#include "catalog/option.hpp"
#include "base/nearest.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/scratch.hpp"

using namespace host;
using namespace host::catalog;
using scratch::contains;
using scratch::refusal;

namespace {

OptionSpec spec_of(OptionType type) {
  OptionSpec spec;
  spec.name = "rate";
  spec.type = type;
  return spec;
}

}  // namespace

TEST_CASE("a text becomes a value of the option's type") {
  const auto parse = [](OptionType type, std::string_view text) { return parse_option(spec_of(type), text, "--rate"); };
  using enum OptionType;
  CHECK(std::get<int64_t>(parse(integer, "-12")) == -12);
  CHECK(std::get<int64_t>(parse(integer, "9223372036854775807")) == INT64_MAX);
  CHECK(std::get<int64_t>(parse(integer, "1e6")) == 1'000'000);
  CHECK(std::get<int64_t>(parse(integer, "2.0")) == 2);
  CHECK(std::get<double>(parse(number, "90")) == 90);
  CHECK(std::get<double>(parse(number, "2.5e-3")) == 0.0025);
  CHECK(std::get<std::string>(parse(text, "")) == "");
  CHECK(std::get<std::string>(parse(text, " a b ")) == " a b ");
  for (const auto* word : {"true", "True", "YES", "on", "1"}) CHECK(std::get<bool>(parse(boolean, word)));
  for (const auto* word : {"false", "No", "off", "0"}) CHECK_FALSE(std::get<bool>(parse(boolean, word)));
}

TEST_CASE("a text of another form is refused, with what is allowed") {
  struct Case {
    OptionType type;
    std::vector<std::string> texts;
    std::string allowed;
  };
  using enum OptionType;
  const std::vector<Case> cases = {
      {integer,
       {"", " 5", "5 ", "0x10", "1.5", "1e30", "nan", "inf", "ten", "9223372036854775808", "5s"},
       "a whole number"},
      {number, {"", " 5", "5 ", "0x1p3", "nan", "-nan", "inf", "-infinity", "1e999", "1,5", "5s"}, "a number"},
      {boolean, {"", "2", "tru", " true", "y"}, "true or false"},
  };
  for (const auto& each : cases)
    for (const auto& text : each.texts) {
      CAPTURE(text);
      const auto error = refusal([&] { parse_option(spec_of(each.type), text, "run.toml:3"); });
      CHECK(error == "run.toml:3: '" + text + "' is not allowed for rate; give " + each.allowed);
    }
}

TEST_CASE("limits are part of the message, and belong to the range") {
  auto spec = spec_of(OptionType::number);
  spec.min = 0.001;
  spec.unit = "1/s";
  CHECK(refusal([&] { parse_option(spec, "0", "--rate"); }) ==
        "--rate: '0' is not allowed for rate; give a number, at least 0.001 1/s");
  CHECK(std::get<double>(parse_option(spec, "0.001", "--rate")) == 0.001);
  spec.max = 5;
  CHECK(contains(refusal([&] { parse_option(spec, "5.1", "--rate"); }), "a number, 0.001 to 5 1/s"));
  CHECK(std::get<double>(parse_option(spec, "5", "--rate")) == 5);
  spec.min.reset();
  spec.unit = "";
  CHECK(contains(refusal([&] { parse_option(spec, "6", "--rate"); }), "a number, at most 5"));
  auto whole = spec_of(OptionType::integer);
  whole.min = 1;
  CHECK(contains(refusal([&] { parse_option(whole, "0", "--rate"); }), "a whole number, at least 1"));
}

TEST_CASE("a choice that does not exist suggests the nearest") {
  auto spec = spec_of(OptionType::text);
  spec.choices = {"constant", "poisson", "bursty"};
  CHECK(std::get<std::string>(parse_option(spec, "poisson", "--rate")) == "poisson");
  CHECK(refusal([&] { parse_option(spec, "posson", "--rate"); }) ==
        "--rate: 'posson' is not allowed for rate; give one of constant, poisson, bursty (did you mean 'poisson'?)");
  CHECK_FALSE(contains(refusal([&] { parse_option(spec, "something", "--rate"); }), "did you mean"));
}

TEST_CASE("hostile text cannot break the message or a later JSON record") {
  const auto spec = spec_of(OptionType::text);
  CHECK(contains(refusal([&] { parse_option(spec, "a\xff", "--rate"); }), "'a\\xff'"));
  CHECK(refusal([&] { parse_option(spec, std::string_view("a\0b", 3), "--rate"); }) != "");
  const auto error = refusal([&] { parse_option(spec_of(OptionType::integer), "1\n\x1b[31m", "--rate"); });
  CHECK(contains(error, "'1\\n\\x1b[31m'"));
  const auto cut = refusal([&] { parse_option(spec_of(OptionType::integer), std::string(100'000, 'x'), "--rate"); });
  CHECK(cut.size() < 200);
}

TEST_CASE("a typed value must have the option's type") {
  CHECK(refusal([] { check_option(spec_of(OptionType::integer), OptionValue(2.0), "q.toml"); }) != "");
  CHECK(refusal([] { check_option(spec_of(OptionType::boolean), OptionValue(int64_t{1}), "q.toml"); }) != "");
  CHECK(refusal([] { check_option(spec_of(OptionType::text), OptionValue(true), "q.toml"); }) != "");
  const OptionValue nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(refusal([&] { check_option(spec_of(OptionType::number), nan, "q.toml"); }) != "");
  CHECK(refusal([] { check_option(spec_of(OptionType::number), OptionValue(2.0), "q.toml"); }) == "");
}

TEST_CASE("names and flags") {
  CHECK(option_name("--total-requests") == "total_requests");
  CHECK(option_name("total-requests") == "total_requests");
  CHECK(option_name("total_requests") == "total_requests");
  CHECK(option_flag("total_requests") == "--total-requests");
}

TEST_CASE("values as text parse back to themselves") {
  for (const double value : {0.1, 90.0, 1e-9, 1e300, -2.5}) {
    CHECK(std::get<double>(parse_option(spec_of(OptionType::number), to_text(OptionValue(value)), "x")) == value);
  }
  CHECK(to_text(OptionValue(true)) == "true");
  CHECK(to_text(OptionValue(int64_t{-3})) == "-3");
  CHECK(to_json(OptionValues{{"b", OptionValue(int64_t{1})}, {"a", OptionValue("x")}}).dump() == R"({"a":"x","b":1})");
}

TEST_CASE("the nearest name forgives typing mistakes and nothing more") {
  const std::vector<std::string> names = {"total_requests", "rate", "q6", "BurstTown"};
  CHECK(base::nearest("total-request", names) == "total_requests");
  CHECK(base::nearest("rtae", names) == "rate");
  CHECK(base::nearest("burstown", names) == "BurstTown");
  CHECK(base::nearest("q7", names) == "q6");
  CHECK_FALSE(base::nearest("latency", names));
  CHECK_FALSE(base::nearest("", names));
  CHECK_FALSE(base::nearest("x", names));
  CHECK_FALSE(base::nearest(std::string(1'000'000, 'q'), names));
}

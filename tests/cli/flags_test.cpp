#include "cli/flags.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace host;
using namespace host::cli;

namespace {

catalog::OptionSpec text(const char* name) {
  catalog::OptionSpec spec;
  spec.name = name;
  return spec;
}

std::vector<catalog::Flag> some_flags() {
  return {{.spec = text("total_requests")},
          {.spec = catalog::toggle("quick", "")},
          {.spec = text("backend"), .letter = 'b'},
          {.spec = text("set"), .repeatable = true},
          {.spec = text("workload"), .aliases = {"experiment"}}};
}

Arguments parse(std::vector<std::string> args) {
  const auto flags = some_flags();
  return parse_arguments(args, flags, "run");
}

std::string error_of(std::vector<std::string> args) {
  try {
    (void)parse(std::move(args));
  } catch (const base::Error& e) {
    CHECK(e.code() == base::Exit::usage);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("hyphens and underscores, with and without =, are the same flag") {
  for (const auto* written : {"--total-requests", "--total_requests"}) {
    CHECK(parse({written, "7"}).text("total_requests") == "7");
    CHECK(parse({std::string(written) + "=7"}).text("total_requests") == "7");
  }
}

TEST_CASE("a value keeps its underscores and may begin with a hyphen") {
  CHECK(parse({"--backend=my_own"}).text("backend") == "my_own");
  CHECK(parse({"--total-requests", "-1"}).text("total_requests") == "-1");
}

TEST_CASE("short form, alias and switch") {
  CHECK(parse({"-b", "mock"}).text("backend") == "mock");
  CHECK(parse({"--experiment", "q6"}).text("workload") == "q6");
  CHECK(parse({"--quick"}).text("quick") == "true");
  CHECK(parse({"--quick", "-b", "mock"}).text("quick") == "true");
  CHECK(parse({"--quick"}).on("quick"));
  CHECK(parse({"--quick=false"}).has("quick"));
  CHECK_FALSE(parse({"--quick=false"}).on("quick"));
}

TEST_CASE("a flag takes no value that is not meant for it") {
  const auto flags = some_flags();
  const auto arguments = parse_arguments(std::vector<std::string>{"--quick", "first", "second"}, flags, "verify", 2);
  CHECK(arguments.on("quick"));
  CHECK(arguments.positional == std::vector<std::string>{"first", "second"});
  CHECK(error_of({"--backend", "--quick"}) ==
        "flag --backend needs a value; one that begins with '-' is given as --backend=--quick");
  CHECK(error_of({"-b", "-x"}).starts_with("flag -b needs a value"));
  CHECK(parse({"--backend=--quick"}).text("backend") == "--quick");
  CHECK(parse({"--backend", "-"}).text("backend") == "-");
  CHECK(error_of({"--quick=banana"}).find("banana") != std::string::npos);
}

TEST_CASE("a misspelt flag is told before what it leaves out, an option of a plugin is not") {
  const auto flags = some_flags();
  const auto refused = [&](std::vector<std::string> args) -> std::string {
    try {
      refuse_misspelt(split_arguments(args, flags), flags, "run");
    } catch (const base::Error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(refused({"--wrkload", "q6"}).starts_with("unknown flag --wrkload (did you mean --workload?)"));
  CHECK(refused({"--work", "q6"}).starts_with("unknown flag --work (did you mean --workload?)"));
  CHECK(refused({"-?"}).starts_with("unknown flag -?"));
  CHECK(refused({"--zzzzzzz", "3"}).empty());
}

TEST_CASE("repeatable flags keep their order") {
  const auto arguments = parse({"--set", "a=1", "--set", "b=2"});
  REQUIRE(arguments.flags.size() == 2);
  CHECK(arguments.flags[0].text == "a=1");
  CHECK(arguments.flags[1].text == "b=2");
}

TEST_CASE("each misuse is told with its remedy") {
  CHECK(error_of({"--total-request", "7"}) ==
        "unknown flag --total-request (did you mean --total-requests?); 'sage-host run --help' lists the flags");
  CHECK(error_of({"--zzzzzzzz"}) == "unknown flag --zzzzzzzz; 'sage-host run --help' lists the flags");
  CHECK(error_of({"--total-requests"}) == "flag --total-requests needs a value");
  CHECK(error_of({"--quick", "--quick"}) == "flag --quick was given twice; give it once");
  CHECK(error_of({"--workload", "q1", "--experiment", "q6"}) == "flag --experiment was given twice; give it once");
  CHECK(error_of({"q6"}) == "unexpected argument 'q6'; 'sage-host run --help' shows the usage");
  CHECK(error_of({"--back", "mock"}).starts_with("unknown flag --back"));  // no guessing of prefixes
}

TEST_CASE("asking for help wins over mistakes") { CHECK(parse({"--nonsense", "--help"}).help); }

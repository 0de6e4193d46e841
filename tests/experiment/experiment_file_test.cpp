#include "experiment/experiment_file.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/error.hpp"

using namespace host::experiment;

namespace {

const std::string head = "schema = 1\ntitle = \"t\"\nworkload = \"q2\"\n";
const std::string side = "[[side]]\nname = \"a\"\n";

std::string refusal(const std::string& text, bool quick = false) {
  try {
    (void)read_experiment_file(text, "x.toml", quick);
  } catch (const host::base::Error& e) {
    CHECK(e.code() == host::base::Exit::usage);
    return e.what();
  }
  return "accepted";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an experiment's file is read whole, axes in the order of the file") {
  const auto file = read_experiment_file(
      head +
          "backend = \"mock\"\nrepeat = 5\nseeds = \"per-block\"\nuntil = \"latency_p99 +-5%\"\nrepeat_max = 9\n"
          "time_max = \"2h\"\n[options]\nrate = 120\n\"q2.baseline\" = \"unified\"\nmock.service_ms = 1.5\n"
          "[[side]]\nname = \"b\"\nbackend = \"threads\"\noptions = { scheduler = \"fifo\" }\n[[side]]\nname = \"a\"\n"
          "[axis]\nrate_x = [20, 40]\nnodes = [1, 2, 4]\n[compare]\nbaseline = \"a\"\nmargin = \"3%\"\n"
          "[gate]\nconditions = \"latency_p99 <= 1.1\"\n",
      "x.toml", false);
  CHECK(file.repeat == 5);
  CHECK(file.repeat_max == 9);
  CHECK(file.time_max_s == 7200);
  CHECK(file.seed_per_block);
  REQUIRE(file.options.size() == 3);
  CHECK(file.options[1].given.owner == "q2");
  CHECK(file.options[1].given.name == "baseline");
  CHECK(file.options[2].key == "mock.service_ms");
  CHECK(file.options[2].given.text == "1.5");
  REQUIRE(file.sides.size() == 2);
  CHECK(file.sides[0].name == "b");
  REQUIRE(file.axes.size() == 2);
  CHECK(file.axes[0].key == "rate_x");  // not by the alphabet
  CHECK(file.axes[1].values.size() == 3);
  CHECK(file.axes[1].values[2].value == 4);
  CHECK(file.baseline == "a");
}

TEST_CASE("[quick] takes the place of what it names, and asks for no width") {
  const auto text = head + "repeat = 5\nuntil = \"latency_p99 +-5%\"\n[options]\nrate = 100\nduration = 60\n" + side +
                    "[axis]\nconcurrency = [1, 2, 4, 8]\n[quick]\nrepeat = 1\noptions = { duration = 2 }\n"
                    "axis = { concurrency = [1, 8] }\n";
  const auto whole = read_experiment_file(text, "x.toml", false);
  const auto quick = read_experiment_file(text, "x.toml", true);
  CHECK(whole.axes[0].values.size() == 4);
  CHECK(quick.axes[0].values.size() == 2);
  CHECK(quick.repeat == 1);
  CHECK(quick.until.empty());
  CHECK(quick.options[0].value == 100);
  CHECK(quick.options[1].value == 2);
}

TEST_CASE("what is wrong is told with file, line and column, and the remedy") {
  struct Case {
    std::string text;
    std::string told;
  };
  for (const auto& [text, told] : {
           Case{"title = \"t\"\n", "the first line of an experiment is schema = 1"},
           Case{"schema = 2\n", "x.toml:1:10: schema 2 is of another version"},
           Case{head + side + "[axes]\nrate = [1]\n", "x.toml:6:2: unknown key 'axes'; did you mean 'axis'?"},
           Case{head, "add a [[side]]"},
           Case{head + side + side, "'a' is the name of another one too"},
           Case{head + "[[side]]\nname = \"a/b\"\n", "up to 64 letters"},
           Case{head + side + "[axis]\nrate = []\n",
                "x.toml:7:1: axis 'rate' takes a list of values, as in [10, 20, 40]; "
                "this one is empty"},
           Case{head + side + "[axis]\nrate = 5\n", "takes a list of values"},
           Case{head + side + "[axis]\nrate = [5, 5]\n", "stands there twice"},
           Case{head + side + "[axis]\nrate = [[5]]\n", "an option takes a text, a number, true or false"},
           Case{head + side + "options = { rate = 5 }\n[axis]\nrate = [5]\n",
                "x.toml:6:13: rate: it is set by axis rate"},
           Case{head + side + "[axis]\nrate = [5]\n[search]\n", "[search] looks for it"},
           Case{head + side + "[search]\nmaximise = \"nodes\"\n", "there are rate and concurrency"},
           Case{head + "time_max = \"2 weeks\"\n" + side, "give a time as in"},
           Case{head + "seeds = \"two\"\n" + side, "\"per-block\""},
           Case{head + "until = \"latency_p99 +-5%\"\nrepeat = 2\n" + side, "3 repetitions or more"},
           Case{head + "repeat_max = 9\n" + side, "leave it out, or add until"},
           Case{head + "repeat = 0\n" + side, "x.toml:4:10: repeat is 0; give a number from 1"},
           Case{head + side + "[compare]\nbaseline = \"b\"\n", "no side is called 'b'"},
           Case{head + side + "[compare]\nmargin = \"x\"\n", "margin"},
           Case{head + "side = 3\n", "[[side]]"},
       }) {
    const auto got = refusal(text);
    CHECK_MESSAGE(mentions(got, told), got, " | ", told);
    CHECK_MESSAGE(!mentions(got, "\n"), got);
  }
  CHECK(mentions(refusal(head + side + "[quick]\naxis = { rate = [1] }\n", true), "there is no axis 'rate'"));
}

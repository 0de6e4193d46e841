#include "catalog/manifest.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "base/scratch.hpp"

using namespace host;
using namespace host::catalog;
using scratch::contains;
using scratch::refusal;

namespace {

std::string parse_error(const std::string& text) {
  return refusal([&] { parse_manifest(text, "q6.toml"); });
}

std::string with_option(const std::string& body) {
  return scratch::manifest("workload", "q6", "[options.rate]\n" + body);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a full manifest") {
  const auto m = parse_manifest(R"(schema = 1
kind = "backend"
id = "org.example.fast"
name = "Fast"
aliases = ["speedy"]
version = "2.0.1+build5"
abi = "1.0"
library = "libfast.so"
summary = "a summary"
capabilities = ["nodes", "fault.kill-worker"]
open_timeout_s = 300
[requires]
capabilities = ["priority"]
extensions = ["sage.metadata/1"]
libfast = "apt install libfast"
[defaults]
rate = 90
arrival = "bursty"
[defaults.quick]
rate = 20.5
[options.b_rate]
type = "float"
default = 90
min = 0.001
max = 1000
unit = "1/s"
help = "mean rate"
[options.b_rate.quick]
default = 20.0
[options.a_mode]
type = "string"
default = "x"
choices = ["x", "y"]
[options.c_on]
type = "bool"
default = true
[options.d_count]
type = "int"
default = 3
)",
                                "/opt/plugins/fast.toml");
  CHECK(m.kind == PluginKind::backend);
  CHECK(m.id == "org.example.fast");
  CHECK(m.name == "Fast");
  CHECK(m.aliases == std::vector<std::string>{"speedy"});
  CHECK(m.version == "2.0.1+build5");
  CHECK(m.abi_minor == 0);
  CHECK(m.library == "/opt/plugins/libfast.so");
  CHECK(m.file == "/opt/plugins/fast.toml");
  CHECK(m.capabilities == std::vector<std::string>{"nodes", "fault.kill-worker"});
  CHECK(m.required_capabilities == std::vector<std::string>{"priority"});
  CHECK(m.requires_text.at("libfast") == "apt install libfast");
  CHECK(m.requires_text.size() == 1);
  CHECK(m.required_extensions == std::vector<std::string>{"sage.metadata/1"});
  CHECK(m.open_timeout_s == 300);
  CHECK(std::get<int64_t>(m.defaults.at("rate")) == 90);
  CHECK(std::get<std::string>(m.defaults.at("arrival")) == "bursty");
  CHECK(m.defaults.size() == 2);
  CHECK(std::get<double>(m.quick_defaults.at("rate")) == 20.5);
  REQUIRE(m.options.size() == 4);
  CHECK(m.options[0].name == "a_mode");
  CHECK(m.options[0].choices == std::vector<std::string>{"x", "y"});
  const auto& rate = m.options[1];
  CHECK(std::get<double>(rate.default_value) == 90);  // an integer will do for a float
  CHECK(std::get<double>(*rate.quick) == 20);
  CHECK(*rate.min == 0.001);
  CHECK(*rate.max == 1000);
  CHECK(rate.unit == "1/s");
  CHECK(rate.help == "mean rate");
  CHECK_FALSE(m.options[2].quick);
  CHECK(contains(m.text, "a_mode"));
}

TEST_CASE("what is wrong with a manifest is said with its place and the remedy") {
  const auto good = scratch::manifest("workload", "q6");
  CHECK(parse_error(good) == "");
  struct Case {
    std::string from, to, message;
  };
  const std::vector<Case> cases = {
      {"schema = 1\n", "", "the key 'schema' is missing; add schema = 1"},
      {"schema = 1\n", "schema = 1\nsearch = \"optimum\"\n", "search 'optimum' is not known"},
      {"schema = 1\n", "schema = 1\nsearch = \"capacity\"\n", "node_list is missing or of another type"},
      {"schema = 1", "schema = 2", "q6.toml:1:10: schema 2 is not known"},
      {"schema = 1", "schema = \"1\"", "'schema' must be an integer"},
      {"\"workload\"", "\"workloads\"", "q6.toml:2:8: kind 'workloads' is not known; give workload or backend"},
      {"kind = \"workload\"\n", "", "the key 'kind' is missing; add kind = \"...\""},
      {"id = \"q6\"\n", "", "the key 'id' is missing"},
      {"\"q6\"", "\"Q6\"", "q6.toml:3:6: id 'Q6' must be lower case: q6"},
      {"\"q6\"", "\"\"", "id '' must be 1 to 64 letters"},
      {"\"q6\"", "\"../q6\"", "id '../q6' must be 1 to 64 letters"},
      {"\"q6\"", "\"a/b\"", "id 'a/b' must be"},
      {"\"q6\"", "6", "'id' must be a string"},
      {"version = \"0.1.0\"\n", "", "the key 'version' is missing"},
      {"\"0.1.0\"", "\"1\\n2\"", "version '1\\n2' must be plain text"},
      {"\"1.0\"", "\"2.0\"", "q6.toml:5:7: the plugin is built for plugin ABI 2.0, this host has 1.0"},
      {"\"1.0\"", "\"1.99\"", "the plugin requires plugin ABI 1.99, this host has 1.0; update sage-host"},
      {"\"1.0\"", "\"1\"", "abi '1' must be MAJOR.MINOR"},
      {"\"1.0\"", "\"1.\"", "abi '1.' must be MAJOR.MINOR"},
      {"\"1.0\"", "\"1.0.0\"", "abi '1.0.0' must be MAJOR.MINOR"},
      {"\"1.0\"", "\"1.-1\"", "abi '1.-1' must be MAJOR.MINOR"},
      {"\"1.0\"", "\"1.99999999999\"", "must be MAJOR.MINOR"},
      {"\"lib.so\"", "\"/lib/libc.so\"", "q6.toml:6:11: library '/lib/libc.so' must be a file beside or below"},
      {"\"lib.so\"", "\"a/../../b.so\"", "library 'a/../../b.so' must be"},
      {"\"lib.so\"", "\"\"", "library '' must be"},
      {"\"lib.so\"", "\"a/\"", "library 'a/' must be"},
      {"\"lib.so\"", "\"a\\u0000b\"", "library 'a\\x00b' must be"},
      {"library", "librari", "q6.toml:6:1: unknown key 'librari'; did you mean 'library'?"},
      {"library", "colour = 1\nlibrary", "q6.toml:6:1: unknown key 'colour'; known: schema, kind"},
      {"library", "\"a\\nb\" = 1\nlibrary", "unknown key 'a\\nb'"},
      {"library", "name = \"two words\"\nlibrary", "name 'two words' must be"},
      {"library", "aliases = \"x\"\nlibrary", "'aliases' must be an array of strings"},
      {"library", "aliases = [1]\nlibrary", "'aliases' must be an array of strings"},
      {"library", "capabilities = [\"a b\"]\nlibrary", "capabilities 'a b' must be"},
      {"library", "requires = 1\nlibrary", "'requires' must be a table"},
      {"library", "requires = {extensions = [\"x/1\"]}\nlibrary",
       "the plugin requires extension 'x/1' of the host, which has sage.metadata/1, sage.error/1; update sage-host"},
      {"library", "open_timeout_s = 9\nlibrary", "open_timeout_s is for backends"},
      {"library", "requires = {ray = 1}\nlibrary", "'ray' in [requires] must be a string"},
      {"library", "defaults = {rate = []}\nlibrary", "'rate' must be a string, a number, true or false"},
      {"library", "defaults = {Rate = 1}\nlibrary", "option name 'Rate' must be lower case"},
      {"library", "options = {seed = {type = \"int\", default = 1}}\nlibrary", "option 'seed' is the host's own"},
      {"library", "options = {load = {type = \"int\", default = 1}}\nlibrary", "option 'load' is the host's own"},
      {"library", "options = {x = 1}\nlibrary", "'x' in [options] must be a table"},
      {"library", "library", ""},
  };
  for (const auto& [from, to, message] : cases) {
    CAPTURE(to);
    const auto error = parse_error(replaced(good, from, to));
    CHECK_MESSAGE(contains(error, message), error);
    CHECK((message.empty() || contains(error, "q6.toml")));
  }
}

TEST_CASE("what is wrong with an option is said with its place and the remedy") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"default = 1", "the key 'type' is missing in [options.rate]"},
      {"type = \"double\"\ndefault = 1", "type 'double' is not known; give int, float, bool or string"},
      {"type = \"int\"", "[options.rate] has no default; add default = ..."},
      {"type = \"int\"\ndefault = 1.5", "q6.toml:9:11: '1.5' is not allowed for rate; give a whole number"},
      {"type = \"int\"\ndefault = 1\nmin = 2", "'1' is not allowed for rate; give a whole number, at least 2"},
      {"type = \"float\"\ndefault = nan", "'nan' is not allowed for rate"},
      {"type = \"float\"\ndefault = 1\nmax = inf", "'max' must be finite"},
      {"type = \"float\"\ndefault = 1\nmin = 2\nmax = 1", "max is less than min"},
      {"type = \"bool\"\ndefault = 1", "'1' is not allowed for rate; give true or false"},
      {"type = \"bool\"\ndefault = true\nmin = 0", "only an int or a float has 'min'"},
      {"type = \"int\"\ndefault = 1\nby_user = 1", "'by_user' in [options.rate] must be true or false"},
      {"type = \"int\"\ndefault = 1\nchoices = [\"1\"]", "only a string has choices"},
      {"type = \"string\"\ndefault = \"z\"\nchoices = [\"x\"]", "'z' is not allowed for rate; give one of x"},
      {"type = \"string\"\ndefault = [\"z\"]", "'default' must be a string, a number, true or false"},
      {"type = \"int\"\ndefault = 1\nquick = 2", "'quick' in [options.rate] must be a table"},
      {"type = \"int\"\ndefault = 1\n[options.rate.quick]", "[options.rate.quick] has no default"},
      {"type = \"int\"\ndefault = 1\nmin = 1\n[options.rate.quick]\ndefault = 0", "'0' is not allowed for rate"},
      {"type = \"int\"\ndefault = 1\nhlep = \"\"", "unknown key 'hlep' in [options.rate]; did you mean 'help'?"},
      {"type = \"int\"\ndefault = 1\n[options.Bad]\n", "option name 'Bad' must be lower case"},
  };
  for (const auto& [body, message] : cases) {
    CAPTURE(body);
    const auto error = parse_error(with_option(body));
    CHECK_MESSAGE(contains(error, message), error);
    CHECK(contains(error, "q6.toml:"));
  }
}

TEST_CASE("hostile text is refused in one line") {
  const auto repeated = [](const std::string& part, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += part;
    return out;
  };
  const std::vector<std::string> texts = {
      "",
      "schema = ",
      "\xff\xfe\x00",
      std::string("schema = 1\0", 11),
      std::string(1000, '\0'),
      "summary = \"\x01\"",
      "schema = 1\nschema = 1",
      "a" + repeated(".a", 300'000) + " = 1",  // the parser's recursion would overflow the stack
      "[a" + repeated(".a", 300'000) + "]",
      "a = " + repeated("[", 100'000),
      "a = " + repeated("[\n{a" + repeated(".a", 60) + "=", 400),
      "\x7f"
      "ELF\x02\x01\x01",
      repeated("x", 1'000'000),
  };
  for (const auto& text : texts) {
    const auto error = parse_error(text);
    CAPTURE(text.substr(0, 40));
    CHECK(contains(error, "q6.toml"));
    CHECK(error.size() < 300);
  }
}

TEST_CASE("deep but permitted nesting is parsed and freed") {
  std::string text;
  for (int i = 0; i < 120; ++i) {
    text += "[\n{a";
    for (int j = 0; j < 60; ++j) text += ".a";
    text += "=";
  }
  text = "a = " + text + "1";
  for (int i = 0; i < 120; ++i) text += "}]";
  CHECK(contains(parse_error(text), "the key 'schema' is missing"));
}

TEST_CASE("only a plain file that others cannot change is read") {
  const scratch::Folder folder;
  const auto error_of = [](const std::filesystem::path& file) { return refusal([&] { read_manifest(file); }); };
  const auto file = folder.write("q6.toml", scratch::manifest("workload", "q6"));

  SUBCASE("a good one") {
    CHECK(error_of(file) == "");
    CHECK(read_manifest(file).library == folder.path() / "lib.so");
  }
  SUBCASE("missing") { CHECK(contains(error_of(folder.path() / "no.toml"), "no.toml: No such file or directory")); }
  SUBCASE("a folder") {
    std::filesystem::create_directory(folder.path() / "x.toml");
    CHECK(contains(error_of(folder.path() / "x.toml"), "it is a folder, not a file"));
  }
  SUBCASE("a named pipe is not waited for") {
    REQUIRE(mkfifo((folder.path() / "p.toml").c_str(), 0600) == 0);
    CHECK(contains(error_of(folder.path() / "p.toml"), "it is not a regular file"));
  }
  SUBCASE("a loop of symlinks") {
    std::filesystem::create_symlink(folder.path() / "b.toml", folder.path() / "a.toml");
    std::filesystem::create_symlink(folder.path() / "a.toml", folder.path() / "b.toml");
    CHECK(contains(error_of(folder.path() / "a.toml"), "a.toml: Too many levels of symbolic links"));
  }
  SUBCASE("larger than the limit") {
    const auto large = folder.write("large.toml", std::string((1 << 20) + 1, '#'));
    CHECK(contains(error_of(large), "larger than 1024 KiB"));
  }
  SUBCASE("writable by all") {
    REQUIRE(chmod(file.c_str(), 0646) == 0);
    CHECK(error_of(file) ==
          "manifest " + file.string() + ": other users can write to it; chmod o-w '" + file.string() + "'");
  }
  SUBCASE("our own, writable by its group") {
    REQUIRE(chmod(file.c_str(), 0664) == 0);
    CHECK(error_of(file) == "");
  }
  SUBCASE("in a folder writable by all") {
    REQUIRE(chmod(folder.path().c_str(), 01777) == 0);
    CHECK(contains(error_of(file), "folder " + folder.path().string() + ": other users can write to it; chmod o-w"));
  }
  SUBCASE("a link: the library lies beside the real file") {
    std::filesystem::create_directory(folder.path() / "links");
    const auto link = folder.path() / "links/alias.toml";
    std::filesystem::create_symlink(file, link);
    CHECK(read_manifest(link).library == folder.path() / "lib.so");
    CHECK(read_manifest(link).file == file);
  }
}

TEST_CASE("a search is accepted with the options that it reads") {
  const std::string options = R"(
[options.node_list]
type = "string"
default = "1"
[options.attainment]
type = "float"
default = 0.9
[options.probe_repeat]
type = "int"
default = 3
[options.tolerance]
type = "float"
default = 0.05
)";
  auto text = scratch::manifest("workload", "q6");
  text.replace(text.find("schema = 1"), 10, "schema = 1\nsearch = \"capacity\"");
  CHECK(parse_error(text + options) == "");
  CHECK(parse_manifest(text + options, "/x/q6.toml").search == "capacity");
}

#include "base/hash.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"

TEST_CASE("a configuration hashes as in Python, whatever the order of its keys") {
  const nlohmann::json config = {{"workload", "q6"}, {"seed", 42},     {"nodes", 1},
                                 {"parallelism", 2}, {"quick", false}, {"load", {{"rate", 90.0}, {"cv", 1.0}}}};
  auto full = config;
  full["load"]["arrival"] = "poisson";
  CHECK(host::base::config_hash(full) == "82a9236e10020328cd47610f96da790941021c5dc269ef0ae328ea99de3e94b1");
  CHECK(host::base::config_hash(config) != host::base::config_hash(full));
}

TEST_CASE("a backend hashes as its name") {
  CHECK(host::base::backend_hash("sage") == "7e5d4325a44714fc86a9b6989e41e966a7297bfe7e913c15fb9ab19588e33d61");
  CHECK(host::base::backend_hash("ray") == "c04bc270f965db4d7ab365b3b865b743e35e13e295c7b15fb795e2a01d24a639");
}

TEST_CASE("a file hashes as its bytes, and one that is missing is named") {
  const auto file = std::filesystem::temp_directory_path() / "sage-hash-test";
  std::ofstream(file) << std::string(200'000, 'x');
  CHECK(host::base::sha256_file(file) == "91e3faafd322bcdf160f3f0ce886acb092b9b9e2a1e8526b40f21a8898a8700b");
  std::ofstream(file, std::ios::trunc).close();
  CHECK(host::base::sha256_file(file) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::filesystem::remove(file);
  CHECK_THROWS_WITH_AS(host::base::sha256_file("/nonexistent/x"), doctest::Contains("/nonexistent/x"),
                       host::base::Error);
}

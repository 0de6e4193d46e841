// The expected texts and hashes were computed with Python 3.11: json.dumps(value, sort_keys=True, separators=(",",
// ":"), ensure_ascii=False) and hashlib.sha256.
#include "base/canonical_json.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/hash.hpp"

using host::base::canonical_json;
using host::base::float_text;
using Json = nlohmann::json;

TEST_CASE("floats read as Python writes them") {
  CHECK(float_text(40.0) == "40.0");
  CHECK(float_text(0.1) == "0.1");
  CHECK(float_text(1.0 / 3) == "0.3333333333333333");
  CHECK(float_text(123456.789) == "123456.789");
  CHECK(float_text(0.00012345) == "0.00012345");
  CHECK(float_text(-0.0) == "-0.0");
  CHECK(float_text(5e-324) == "5e-324");
  CHECK(float_text(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(float_text(9007199254740993.0) == "9007199254740992.0");
}

TEST_CASE("exponents begin where Python's begin") {
  CHECK(float_text(1e15) == "1000000000000000.0");
  CHECK(float_text(9999999999999998.0) == "9999999999999998.0");
  CHECK(float_text(1e16) == "1e+16");
  CHECK(float_text(1e22) == "1e+22");
  CHECK(float_text(1e23) == "1e+23");
  CHECK(float_text(123456789012345680.0) == "1.2345678901234568e+17");
  CHECK(float_text(1e-4) == "0.0001");
  CHECK(float_text(1e-5) == "1e-05");
  CHECK(float_text(-2.5e-7) == "-2.5e-07");
}

TEST_CASE("what JSON cannot spell becomes null or a replacement character, never an invalid text") {
  CHECK(float_text(NAN) == "null");
  CHECK(canonical_json(Json(INFINITY)) == "null");
  CHECK(canonical_json(Json("a\xff")) == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("keys are sorted, text is UTF-8, and the hash is Python's") {
  const Json value = {{"b", {1, 2.0, nullptr, true, false}},
                      {"a", {{"z", "ü€😀"}, {"k", "q\"\\/\n\r\t\b\f\x01\x1f\x7f"}}},
                      {"Z", -0.0},
                      {"é", 1e-5},
                      {"n", 18446744073709551615ULL},
                      {"m", INT64_MIN},
                      {"e", Json::object()},
                      {"l", Json::array()}};
  CHECK(canonical_json(value) ==
        "{\"Z\":-0.0,\"a\":{\"k\":\"q\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\",\"z\":\"ü€😀\"},"
        "\"b\":[1,2.0,null,true,false],\"e\":{},\"l\":[],\"m\":-9223372036854775808,\"n\":18446744073709551615,"
        "\"é\":1e-05}");
  CHECK(host::base::config_hash(value) == "2d8baeb8427a99b3dc4fbc9b1fe703c89d8ae3d7b654e1af0d0e17f9590a02c9");
}

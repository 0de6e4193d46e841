#include "base/hash.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "base/canonical_json.hpp"
#include "base/error.hpp"
#include "base/input_file.hpp"

namespace host::base {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  }
  void add(std::string_view bytes) { check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
    std::string text;
    for (const auto byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
    return text;
  }

 private:
  static void check(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL could not compute a SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

std::string sha256_file(const std::filesystem::path& file) {
  auto in = open_input(file);
  std::vector<char> block(1 << 16);
  Sha256 hash;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    hash.add({block.data(), static_cast<size_t>(in.gcount())});
  if (!in.eof())
    throw Error(Exit::failed, fmt::format("{}: cannot be read for its SHA-256; check that it is a regular file, and "
                                          "readable",
                                          file.string()));
  return hash.hex();
}

std::string config_hash(const nlohmann::json& config) { return sha256_hex(canonical_json(config)); }
std::string backend_hash(std::string_view backend) { return sha256_hex(backend); }

}  // namespace host::base

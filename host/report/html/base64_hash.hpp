// SHA-256 as Content-Security-Policy writes it.
#pragma once

#include <string>
#include <string_view>

namespace host::report {

std::string sha256_base64(std::string_view bytes);

}  // namespace host::report

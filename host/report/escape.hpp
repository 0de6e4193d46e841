// Text of records, which may hold anything, as parts of a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace host::report {

// For element content and quoted attributes.
std::string escape_html(std::string_view text);

// JSON that no HTML parser can see an end of script in: "<", ">" and "&" are escaped. Invalid UTF-8 is replaced.
std::string script_json(const nlohmann::ordered_json& value);

// A letter and then letters, digits, '-' and '_': for id and href="#...".
std::string anchor(std::string_view prefix, std::string_view name);

}  // namespace host::report

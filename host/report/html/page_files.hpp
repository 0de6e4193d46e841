// Files of the page, embedded when the host is built (embed.cmake).
#pragma once

#include <string_view>

namespace host::report::page_files {

extern const std::string_view chart_library;  // Chart.js with its licence line
extern const std::string_view script;         // page/report.js
extern const std::string_view style;          // page/report.css

}  // namespace host::report::page_files

// The projects that `plugin new` writes: files of templates/, embedded when the host is built (embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace host::cli {

struct TemplateFile {
  std::string_view folder;  // "backend_cpp"
  std::string_view path;    // within the project, with placeholders: "@ID@.toml"
  std::string_view text;    // with placeholders
};

std::span<const TemplateFile> template_files();

}  // namespace host::cli

#include "catalog/presets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/nearest.hpp"
#include "base/quote.hpp"
#include "catalog/catalog.hpp"
#include "catalog/toml_section.hpp"
#include "catalog/trusted_file.hpp"

namespace host::catalog {
namespace {

namespace fs = std::filesystem;

constexpr size_t size_max = 1 << 20;

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error))
    if (item.path().extension() == ".toml" && !item.path().filename().string().starts_with('.'))
      out.push_back(item.path());
  std::ranges::sort(out);
  return out;
}

uint64_t length_of(const toml::node* node) {
  const auto* list = node == nullptr ? nullptr : node->as_array();
  return list == nullptr || list->empty() ? 1 : list->size();
}

const toml::table* table_in(const toml::table* table, std::string_view key) {
  const auto* node = table == nullptr ? nullptr : table->get(key);
  return node == nullptr ? nullptr : node->as_table();
}

// The values of all axes multiplied, those of `shorter` in the place of what has their name. `q1.variant = [...]`
// without quotes is a table in a table.
uint64_t combinations(const toml::table* axes, const toml::table* shorter) {
  uint64_t out = 1;
  if (axes == nullptr) return out;
  for (const auto& [key, value] : *axes) {
    const auto* other = shorter == nullptr ? nullptr : shorter->get(key.str());
    out *= value.is_table() ? combinations(value.as_table(), table_in(shorter, key.str()))
                            : length_of(other == nullptr ? &value : other);
  }
  return out;
}

// `quick`: null for the whole experiment.
uint64_t cells_of(const toml::table& file, const toml::table* quick) {
  const auto* points = file.get("point");
  auto repeat = file["repeat"].value_or(int64_t{3});
  if (quick != nullptr) {
    repeat = (*quick)["repeat"].value_or(repeat);
    if (const auto* fewer = quick->get("point")) points = fewer;
  }
  return length_of(file.get("side")) * length_of(points) *
         combinations(table_in(&file, "axis"), table_in(quick, "axis")) *
         static_cast<uint64_t>(std::max<int64_t>(repeat, 1));
}

}  // namespace

fs::path preset_folder() { return shipped("share/sage-host/experiments"); }

std::vector<Preset> read_presets(const fs::path& folder) {
  std::vector<Preset> out;
  for (const auto& file : files_of(folder)) {
    const auto table = parse_toml(read_regular_file(file, "experiment", size_max), file.string());
    const TomlSection root(table, file.string());
    out.push_back({.name = file.stem().string(),
                   .file = file,
                   .title = root.required_text("title"),
                   .question = root.text("question").value_or(""),
                   .workload = root.required_text("workload"),
                   .backend = root.text("backend").value_or(""),
                   .cells = cells_of(table, nullptr),
                   .quick_cells = cells_of(table, table_in(&table, "quick"))});
  }
  return out;
}

fs::path find_preset(std::string_view name) {
  const auto files = files_of(preset_folder());
  std::vector<std::string> names;
  for (const auto& file : files) {
    names.push_back(file.stem().string());
    if (names.back() == name) return file;
  }
  throw base::usage_error(fmt::format(
      "no experiment {}{}; give a file, or one of: {}", base::in_quotes(name), base::did_you_mean(name, names),
      names.empty() ? "(none is installed)" : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace host::catalog

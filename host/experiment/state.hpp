// state.json in the folder of an experiment: what it is, and how far its cells have got. It is the one file that
// --resume reads, written beside its place and renamed after each cell.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/experiment.hpp"

namespace host::experiment {

// How a cell ended, as every file of an experiment tells it; what is not known yet is null.
nlohmann::ordered_json outcome_json(const Cell& cell);

// `type`: "run", "pair", "search". `plan` is the type's own: whatever it takes to go on.
void write_state(const std::filesystem::path& folder, std::string_view type, const nlohmann::ordered_json& plan,
                 const std::vector<Cell>& cells);

// As it was read. It comes from a folder that anyone may have written to: nothing of it is used as a path, and every
// value is checked; messages name the file.
class State {
 public:
  static bool exists(const std::filesystem::path& folder);
  // Throws Error(usage) if there is none, or none of this version.
  explicit State(const std::filesystem::path& folder);

  [[nodiscard]] const std::string& type() const { return type_; }
  [[nodiscard]] const nlohmann::json& plan() const { return json_.at("plan"); }
  // Those that ended, as they were.
  [[nodiscard]] const std::vector<Cell>& cells() const { return cells_; }
  [[nodiscard]] std::string source() const { return file_.string(); }

  // A member of `json`, of its plan. Throws Error(usage) when it is missing or of another type.
  template <class T>
  T get(const nlohmann::json& json, const char* name) const {
    try {
      return json.at(name).get<T>();
    } catch (const nlohmann::json::exception&) {
      bad(fmt::format("'{}' is missing or of the wrong type", name));
    }
  }
  [[nodiscard]] const nlohmann::json& list(const nlohmann::json& json, const char* name, size_t size_max) const;
  [[noreturn]] void bad(const std::string& what) const;
  // Refuses when what is installed is not what the experiment began with: environments as of records::RunInfo.
  void check_environment(const std::string& backend, const nlohmann::json& recorded, const nlohmann::json& now) const;

 private:
  std::filesystem::path file_;
  nlohmann::json json_;
  std::string type_;
  std::vector<Cell> cells_;
};

}  // namespace host::experiment

// What is asked of each run.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "archive/checklist.hpp"

namespace host::archive {

struct ChecklistRun {
  std::filesystem::path folder;
  nlohmann::ordered_json manifest;  // repro_manifest.json; null = none
  nlohmann::ordered_json record;    // one line of unified_results.jsonl; null = none
};

struct Reply {
  Answer answer = Answer::not_recorded;
  std::string value = {};
};

struct Question {
  std::string_view topic;
  std::string_view statement;
  std::string_view place;
  Reply (*ask)(const ChecklistRun& run);
};
std::span<const Question> checklist_questions();

}  // namespace host::archive

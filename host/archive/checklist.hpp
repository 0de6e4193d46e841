// What reviewers ask of an evaluation, answered from what lies on disk: `verify --checklist`. Where each question is
// from stands in docs/paper/checklist.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace host::archive {

enum class Answer : uint8_t { yes, no, not_recorded };
const char* to_string(Answer answer);

struct ChecklistLine {
  std::string topic;      // "run again", "set-up", "method", "quality", "data"
  std::string statement;  // "the seed is stated"
  Answer answer = Answer::not_recorded;
  std::string value;  // what was found; where runs differ, of those that decide the answer
  std::string place;  // file and member
};

// Of all these runs together, in one order: no, if it is no of one; else not recorded, if it is that of one. Each is a
// folder with the files of a run; beside those in a folder `cells` the plan of all of them is read. Never throws for
// what a file holds.
std::vector<ChecklistLine> checklist(std::span<const std::filesystem::path> runs);

}  // namespace host::archive

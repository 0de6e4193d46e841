// The folders of a cell: its results, and a private one for its backend's files.
#pragma once

#include <filesystem>
#include <string>

#include "base/fd.hpp"

namespace host::cell {

// Empty if files can be made in `folder` (or it could be created); else one line with the remedy. Leaves nothing
// behind.
std::string why_not_writable(const std::filesystem::path& folder);

// <root>/<run_id>, with -2, -3, ... appended if that exists. What was made and stayed empty goes again.
class RunFolder {
 public:
  // Throws Error(failed) in one line.
  RunFolder(const std::filesystem::path& root, const std::string& run_id);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string run_id() const { return path_.filename().string(); }
  // The cell never began: its files say nothing.
  void discard();

 private:
  std::filesystem::path path_;
  std::filesystem::path made_;  // the topmost folder that did not exist before; empty = none
};

// Where runs have theirs: $XDG_RUNTIME_DIR or the system's folder for temporary files.
std::filesystem::path scratch_root();

// 0700; removed with all its contents. A host that is killed leaves it behind; the next one removes it: a folder is in
// use for as long as its owner has it locked, which the kernel ends with the owner.
class ScratchDir {
 public:
  explicit ScratchDir(const std::filesystem::path& root = scratch_root());
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  base::Fd locked_;
};

}  // namespace host::cell

// A trace written for one test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

// The file is gone when the test ends.
struct TraceFile {
  explicit TraceFile(std::string_view text) {
    static int count = 0;
    path = std::filesystem::temp_directory_path() /
           ("sage_trace_test." + std::to_string(::getpid()) + "." + std::to_string(++count));
    std::ofstream(path, std::ios::binary) << text;
  }
  ~TraceFile() { std::filesystem::remove(path); }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;
  std::filesystem::path path;
};

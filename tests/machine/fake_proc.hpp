// A made-up /proc: what the machine's CPUs and its processes have used so far, in ticks.
#pragma once

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

class FakeProc {
 public:
  FakeProc() { std::filesystem::remove_all(root_); }
  ~FakeProc() { std::filesystem::remove_all(root_); }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }

  struct Cpu {
    uint64_t user = 0;
    uint64_t idle = 0;
    uint64_t softirq = 0;
    uint64_t steal = 0;
  };
  std::array<Cpu, 2> cpus{};

  struct Process {
    int parent = 1;
    uint64_t own = 0;
    uint64_t children = 0;
    std::string name = "some (name) ) 7";
    std::map<int, uint64_t> threads = {};  // that it has now
  };
  std::map<int, Process> processes;

  // Both CPUs idle but for this.
  void pass(uint64_t ticks, uint64_t used_by_processes = 0, uint64_t stolen = 0) {
    cpus[0].user += used_by_processes;
    cpus[0].steal += stolen;
    cpus[0].idle += ticks - used_by_processes - stolen;
    cpus[1].idle += ticks;
  }
  void write() const {
    std::filesystem::remove_all(root_);
    auto stat = cpu_line("cpu ", {cpus[0].user + cpus[1].user, cpus[0].idle + cpus[1].idle,
                                  cpus[0].softirq + cpus[1].softirq, cpus[0].steal + cpus[1].steal});
    for (size_t i = 0; i < cpus.size(); ++i) stat += cpu_line(fmt::format("cpu{}", i), cpus[i]);
    file("stat", stat + "intr 1 2 3\n");
    file("loadavg", "1.50 0.7 0.5 1/90 1234\n");
    for (const auto& [pid, p] : processes) {
      file(fmt::format("{}/stat", pid), task_line(pid, p.name, p.parent, p.own, p.children));
      for (const auto& [tid, own] : p.threads)
        file(fmt::format("{}/task/{}/stat", pid, tid), task_line(tid, p.name, p.parent, own, p.children));
    }
  }

 private:
  static std::string cpu_line(const std::string& name, const Cpu& c) {
    return fmt::format("{} {} 0 0 {} 0 0 {} {} 0 0\n", name, c.user, c.idle, c.softirq, c.steal);
  }
  static std::string task_line(int id, const std::string& name, int parent, uint64_t own, uint64_t children) {
    return fmt::format("{} ({}) S {} 9 9 0 -1 0 0 0 0 0 {} {} {} {} 20 0 1 0 77\n", id, name, parent, own, 0, children,
                       0);
  }
  void file(const std::string& name, const std::string& text) const {
    const auto path = root_ / "proc" / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::filesystem::path root_ = std::filesystem::temp_directory_path() / "sage-fake-proc";
};

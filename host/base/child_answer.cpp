#include "base/child_answer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <string_view>
#include <system_error>

#include "base/child_process.hpp"
#include "base/fd.hpp"

namespace host::base {
namespace {

constexpr size_t longest = 4000;  // less than a pipe holds: a write does not block, whoever reads when
// Before the text, by who came to the end: a library may call exit(0).
constexpr char answered = 'a', thrown = 't';

int answer(const std::function<std::string()>& question, int pipe) {
  if (const int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  std::string text;
  try {
    text = answered + question();
  } catch (const std::exception& e) {
    text = thrown + std::string(e.what());
  }
  text.resize(std::min(text.size(), longest + 1));
  return write(pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
}

}  // namespace

ChildAnswer ask_child(int limit_s, const std::function<std::string()>& question) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  ChildProcess child([&] { return answer(question, writer.get()); });
  if (!child.wait(limit_s * 1000)) return {{}, fmt::format("did not end within {} s", limit_s)};
  if (WIFSIGNALED(child.status())) return {{}, signal_name(WTERMSIG(child.status()))};
  std::string text(longest + 1, '\0');
  text.resize(static_cast<size_t>(std::max<ssize_t>(read(reader.get(), text.data(), text.size()), 0)));
  if (text.empty()) return {{}, fmt::format("called exit({})", WEXITSTATUS(child.status()))};
  const bool is_answer = text[0] == answered;
  text.erase(0, 1);
  if (is_answer) return {std::move(text), {}};
  return {{}, text.empty() ? "threw" : std::move(text)};
}

}  // namespace host::base

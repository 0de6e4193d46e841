// A question to a child process: what it is about may crash, hang or call exit() without taking the host along.
#pragma once

#include <functional>
#include <string>

namespace host::base {

struct ChildAnswer {
  std::string text;
  std::string why_none;  // "SIGSEGV", "did not end within 10 s", "called exit(0)"; empty = there is an answer
};

// Asked in a forked child that says nothing on the terminal; of the answer the first 4000 bytes. What `question` throws
// is `why_none`. The caller must not have started threads. Throws std::system_error where no process can be started.
ChildAnswer ask_child(int limit_s, const std::function<std::string()>& question);

}  // namespace host::base

#include "bridge/worker.h"

#include <dlfcn.h>
#include <sys/prctl.h>
#include <time.h>
#include <sage/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bridge/packet.hpp"

struct sbw_workload {
  sage_plugin plugin{};
  void* self = nullptr;
  sage_operators operators{};
};

struct sbw_operator {
  const sage_operators* operators = nullptr;
  void* op = nullptr;
  std::vector<std::byte> packet;          // what the last run gave
  std::vector<bridge::PacketSpan> spans;  // likewise
  std::vector<bridge::PacketView> in;     // of the run that executes
  std::vector<sage_bytes> inputs;
};

namespace {

using bridge::PacketHeader;
using bridge::PacketSpan;

thread_local std::string failure;

int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
int64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

void sleep_until(int64_t at_ns) {
  // The kernel's default slack of 50 us would be added to each hold.
  thread_local const int slack = prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  (void)slack;
  const timespec until = {at_ns / 1'000'000'000, at_ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

// What a workload may ask of its host here: operators need no more. Logs go to stderr, which the run's log takes.
const sage_host& host() {
  static const sage_host table = {sizeof(sage_host),
                                  SAGE_ABI_MINOR,
                                  nullptr,
                                  [](void*) { return now_ns(); },
                                  [](void*, int32_t level, sage_str text) {
                                    if (level >= SAGE_LOG_INFO)
                                      std::fprintf(stderr, "workload: %.*s\n", static_cast<int>(text.size),
                                                   text.ptr == nullptr ? "" : text.ptr);
                                  },
                                  [](void*, sage_str text) { failure = sage::view(text); },
                                  [](void*, sage_str, sage_str) { return UINT32_MAX; },
                                  [](void*, const sage_record*, uint64_t) {},
                                  [](void*, const sage_completion*, uint64_t) {},
                                  [](void*, const sage_span*, uint64_t) {},
                                  [](void*, uint64_t, sage_status, sage_str) {},
                                  [](void*, const char*) -> const void* { return nullptr; },
                                  [](void*) {},
                                  [](void*, sage_str) {}};
  return table;
}

std::nullptr_t refuse(char* error, uint64_t error_size, const std::string& text) {
  if (error_size == 0) return nullptr;
  const auto size = std::min<size_t>(text.size(), error_size - 1);
  std::memcpy(error, text.data(), size);
  error[size] = '\0';
  return nullptr;
}

// The spans of all inputs, each step once: branches that meet again share what went before they parted.
void gather_spans(sbw_operator& op) {
  op.spans.clear();
  for (const auto& input : op.in)
    for (size_t i = 0; i < input.header().n_spans; ++i) {
      const auto span = input.span(i);
      const auto same = [&](const PacketSpan& other) { return other.step == span.step; };
      if (std::ranges::none_of(op.spans, same)) op.spans.push_back(span);
    }
}

int64_t finish(sbw_operator& op, PacketHeader header, std::span<const std::byte> result, const char** out) {
  header.n_spans = static_cast<uint16_t>(op.spans.size());
  header.result_size = static_cast<uint32_t>(result.size());
  const auto payload = op.in.front().payload();
  op.packet.resize(bridge::packet_size(header));
  auto* at = op.packet.data();
  const auto put = [&](const void* bytes, size_t size) {
    if (size != 0) std::memcpy(at, bytes, size);
    at += size;
  };
  put(&header, sizeof header);
  put(op.spans.data(), op.spans.size() * sizeof(PacketSpan));
  put(result.data(), result.size());
  put(payload.data(), payload.size());
  std::fill(at, op.packet.data() + op.packet.size(), std::byte{});
  *out = reinterpret_cast<const char*>(op.packet.data());
  return static_cast<int64_t>(op.packet.size());
}

}  // namespace

sbw_workload* sbw_open(const char* library, const char* id, const char* config, char* error, uint64_t error_size) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return refuse(error, error_size, dlerror());  // NOLINT(concurrency-mt-unsafe): of this thread
  const auto entry = reinterpret_cast<sage_entry_fn>(dlsym(handle, SAGE_ENTRY_SYMBOL));
  if (entry == nullptr) return refuse(error, error_size, std::string(library) + " has no " SAGE_ENTRY_SYMBOL);
  auto workload = std::make_unique<sbw_workload>();
  workload->plugin.struct_size = sizeof(sage_plugin);
  failure.clear();
  auto status = entry(&host(), &workload->plugin);
  const auto* table = workload->plugin.workload;
  if (status == SAGE_OK && table == nullptr) return refuse(error, error_size, std::string(library) + " is no workload");
  if (status == SAGE_OK) status = workload->plugin.create(&host(), sage::str(id), sage::str(config), &workload->self);
  workload->operators.struct_size = sizeof(sage_operators);
  if (status == SAGE_OK) status = table->operators(workload->self, &workload->operators);
  if (status != SAGE_OK) return refuse(error, error_size, std::string(id) + ": " + failure);
  return workload.release();
}

sbw_operator* sbw_operator_open(sbw_workload* workload, const char* name, const char* config, uint32_t replica,
                                uint32_t replicas, char* error, uint64_t error_size) {
  auto op = std::make_unique<sbw_operator>();
  op->operators = &workload->operators;
  failure.clear();
  const auto status =
      op->operators->open(op->operators->self, sage::str(name), sage::str(config), replica, replicas, &op->op);
  if (status != SAGE_OK) return refuse(error, error_size, "operator " + std::string(name) + ": " + failure);
  return op.release();
}

int64_t sbw_run(sbw_operator* op, uint16_t stage, uint16_t step, uint32_t node, uint32_t n_inputs,
                const char* const* inputs, const uint64_t* sizes, const char** out) {
  if (n_inputs == 0) return -1;
  op->in.resize(n_inputs);
  for (uint32_t i = 0; i < n_inputs; ++i) {
    const char* why = nullptr;
    if (!op->in[i].read(std::as_bytes(std::span(inputs[i], sizes[i])), why)) return -1;
  }
  gather_spans(*op);
  auto header = op->in.front().header();
  for (const auto& input : op->in) {
    header.first_ns = std::max(header.first_ns, input.header().first_ns);
    header.attempts = std::max(header.attempts, input.header().attempts);
    if (input.header().status == SAGE_DONE_OK) continue;
    header.status = input.header().status;
    return finish(*op, header, input.result(), out);
  }

  // The first step takes the payload, the others what their predecessors gave.
  op->inputs.clear();
  const bool first = op->spans.empty();
  for (const auto& input : op->in) {
    const auto bytes = first ? input.payload() : input.result();
    op->inputs.push_back({bytes.data(), bytes.size()});
  }
  auto request = header.request;
  request.payload.ptr = op->in.front().payload().data();
  const sage_op_input in = {sizeof(sage_op_input), step, &request, op->inputs.data(), op->inputs.size()};
  sage_op_output given{};
  given.struct_size = sizeof given;
  failure.clear();
  const auto begin_ns = now_ns();
  const auto begin_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);  // a system call of 0.3 us
  const auto status = op->operators->run(op->op, &in, &given);
  const auto cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_cpu_ns;
  const auto returned_ns = now_ns();
  auto end_ns = returned_ns;
  if (status == SAGE_OK && given.hold_ns > 0) {
    sleep_until(returned_ns + given.hold_ns);
    end_ns = now_ns();
  }
  op->spans.push_back({cpu_ns, begin_ns, end_ns, stage, step, node});
  header.node = node;
  if (status != SAGE_OK) {
    header.status = SAGE_DONE_ERROR;
    return finish(*op, header, std::as_bytes(std::span(failure)), out);
  }
  if (given.result.size > bridge::result_size_max) {
    header.status = SAGE_DONE_ERROR;
    return finish(*op, header, std::as_bytes(std::span("the operator's result is larger than 16 MiB")), out);
  }
  header.digest = given.digest;
  header.units = given.units;
  if (const auto first_ns = sage::first_token_ns(given, begin_ns, returned_ns); first_ns != 0)
    header.first_ns = first_ns;
  return finish(*op, header, sage::view(given.result), out);
}

void sbw_operator_close(sbw_operator* op) {
  op->operators->close(op->op);
  delete op;
}

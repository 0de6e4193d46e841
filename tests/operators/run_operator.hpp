// Calls one operator as a backend would.
#pragma once

#include <sage/plugin.hpp>

#include <cstddef>
#include <span>
#include <vector>

struct Ran {
  std::vector<std::byte> bytes;
  sage_op_output out;
};

inline Ran run_operator(sage::Operator& op, const sage_request& request, std::span<const std::byte> input = {}) {
  const sage_bytes bytes{input.data(), input.size()};
  const sage_op_input in{sizeof(sage_op_input), 0, &request, &bytes, 1};
  sage_op_output out{};
  out.struct_size = sizeof out;
  op.run(sage::OpInput(in), out);
  const auto result = sage::view(out.result);
  return {{result.begin(), result.end()}, out};
}

inline sage_request request_of(uint64_t seq, uint32_t units_in = 0, uint32_t units_out = 0) {
  sage_request request{};
  request.id = seq + 1;
  request.seq = seq;
  request.units_in = units_in;
  request.units_out = units_out;
  return request;
}

/*
 * Prints the layout of every struct of the ABI: "type size" and "type.member offset size", a line each. layout.txt is
 * what it must print on a 64-bit system, in C and in C++, whichever the compiler. A line of layout.txt changes only
 * with a new major version; a member added at the end of a table adds a line and changes the size of that table.
 */
#include <sage/abi.h>
#include <stdio.h>

#define TYPE(type) printf("%s %zu\n", #type, sizeof(type))
#define MEMBER(type, member) \
  printf("%s.%s %zu %zu\n", #type, #member, offsetof(type, member), sizeof(((type*)0)->member))

int main(void) {
  TYPE(sage_str);
  MEMBER(sage_str, ptr);
  MEMBER(sage_str, size);

  TYPE(sage_bytes);
  MEMBER(sage_bytes, ptr);
  MEMBER(sage_bytes, size);

  TYPE(sage_request);
  MEMBER(sage_request, id);
  MEMBER(sage_request, due_ns);
  MEMBER(sage_request, seq);
  MEMBER(sage_request, key);
  MEMBER(sage_request, payload);
  MEMBER(sage_request, pipeline);
  MEMBER(sage_request, class_id);
  MEMBER(sage_request, tenant);
  MEMBER(sage_request, priority);
  MEMBER(sage_request, flags);
  MEMBER(sage_request, units_in);
  MEMBER(sage_request, units_out);
  MEMBER(sage_request, session);
  MEMBER(sage_request, reserved);

  TYPE(sage_completion);
  MEMBER(sage_completion, id);
  MEMBER(sage_completion, at_ns);
  MEMBER(sage_completion, begun_ns);
  MEMBER(sage_completion, digest);
  MEMBER(sage_completion, result);
  MEMBER(sage_completion, status);
  MEMBER(sage_completion, flags);
  MEMBER(sage_completion, units);
  MEMBER(sage_completion, node);
  MEMBER(sage_completion, token_ns);
  MEMBER(sage_completion, reserved);

  TYPE(sage_span);
  MEMBER(sage_span, id);
  MEMBER(sage_span, begin_ns);
  MEMBER(sage_span, end_ns);
  MEMBER(sage_span, stage);
  MEMBER(sage_span, step);
  MEMBER(sage_span, node);
  MEMBER(sage_span, reserved);

  TYPE(sage_record);
  MEMBER(sage_record, t_ns);
  MEMBER(sage_record, id);
  MEMBER(sage_record, value);
  MEMBER(sage_record, series);
  MEMBER(sage_record, reserved);

  TYPE(sage_outcome);
  MEMBER(sage_outcome, seq);
  MEMBER(sage_outcome, at_ns);
  MEMBER(sage_outcome, begun_ns);
  MEMBER(sage_outcome, digest);
  MEMBER(sage_outcome, result);
  MEMBER(sage_outcome, outcome);
  MEMBER(sage_outcome, units);
  MEMBER(sage_outcome, node);
  MEMBER(sage_outcome, flags);
  MEMBER(sage_outcome, first_ns);
  MEMBER(sage_outcome, reserved);

  TYPE(sage_host);
  MEMBER(sage_host, struct_size);
  MEMBER(sage_host, abi_minor);
  MEMBER(sage_host, ctx);
  MEMBER(sage_host, now_ns);
  MEMBER(sage_host, log);
  MEMBER(sage_host, fail);
  MEMBER(sage_host, series);
  MEMBER(sage_host, emit);
  MEMBER(sage_host, complete);
  MEMBER(sage_host, spans);
  MEMBER(sage_host, event_done);
  MEMBER(sage_host, get_extension);
  MEMBER(sage_host, ready);
  MEMBER(sage_host, alive);

  TYPE(sage_metadata);
  MEMBER(sage_metadata, struct_size);
  MEMBER(sage_metadata, reserved);
  MEMBER(sage_metadata, set);

  TYPE(sage_error);
  MEMBER(sage_error, id);
  MEMBER(sage_error, retry_after_ns);
  MEMBER(sage_error, text);
  MEMBER(sage_error, code);
  MEMBER(sage_error, reserved0);
  MEMBER(sage_error, reserved);

  TYPE(sage_errors);
  MEMBER(sage_errors, struct_size);
  MEMBER(sage_errors, reserved);
  MEMBER(sage_errors, tell);

  TYPE(sage_stage);
  MEMBER(sage_stage, struct_size);
  MEMBER(sage_stage, parallelism);
  MEMBER(sage_stage, name);
  MEMBER(sage_stage, operator_name);
  MEMBER(sage_stage, config);
  MEMBER(sage_stage, key_by);
  MEMBER(sage_stage, reserved);
  MEMBER(sage_stage, cost_base_ns);
  MEMBER(sage_stage, cost_per_unit_in_ns);
  MEMBER(sage_stage, cost_per_unit_out_ns);
  MEMBER(sage_stage, n_needs);
  MEMBER(sage_stage, needs);

  TYPE(sage_step);
  MEMBER(sage_step, struct_size);
  MEMBER(sage_step, stage);
  MEMBER(sage_step, inputs);
  MEMBER(sage_step, n_inputs);
  MEMBER(sage_step, reserved);

  TYPE(sage_pipeline);
  MEMBER(sage_pipeline, struct_size);
  MEMBER(sage_pipeline, n_steps);
  MEMBER(sage_pipeline, name);
  MEMBER(sage_pipeline, steps);
  MEMBER(sage_pipeline, flags);
  MEMBER(sage_pipeline, reserved);

  TYPE(sage_class);
  MEMBER(sage_class, struct_size);
  MEMBER(sage_class, reserved);
  MEMBER(sage_class, name);
  MEMBER(sage_class, slo_response_ns);
  MEMBER(sage_class, slo_ttft_ns);
  MEMBER(sage_class, slo_tpot_ns);

  TYPE(sage_tenant);
  MEMBER(sage_tenant, struct_size);
  MEMBER(sage_tenant, reserved);
  MEMBER(sage_tenant, name);

  TYPE(sage_node);
  MEMBER(sage_node, struct_size);
  MEMBER(sage_node, reserved);
  MEMBER(sage_node, name);
  MEMBER(sage_node, speed);
  MEMBER(sage_node, n_abilities);
  MEMBER(sage_node, abilities);

  TYPE(sage_event);
  MEMBER(sage_event, id);
  MEMBER(sage_event, due_ns);
  MEMBER(sage_event, target);
  MEMBER(sage_event, args);
  MEMBER(sage_event, kind);
  MEMBER(sage_event, reserved0);
  MEMBER(sage_event, reserved);

  TYPE(sage_op_input);
  MEMBER(sage_op_input, struct_size);
  MEMBER(sage_op_input, step);
  MEMBER(sage_op_input, request);
  MEMBER(sage_op_input, inputs);
  MEMBER(sage_op_input, n_inputs);

  TYPE(sage_op_output);
  MEMBER(sage_op_output, struct_size);
  MEMBER(sage_op_output, units);
  MEMBER(sage_op_output, result);
  MEMBER(sage_op_output, digest);
  MEMBER(sage_op_output, hold_ns);
  MEMBER(sage_op_output, first_after_ns);
  MEMBER(sage_op_output, first_ns);
  MEMBER(sage_op_output, end_ns);

  TYPE(sage_operators);
  MEMBER(sage_operators, struct_size);
  MEMBER(sage_operators, reserved);
  MEMBER(sage_operators, self);
  MEMBER(sage_operators, open);
  MEMBER(sage_operators, run);
  MEMBER(sage_operators, close);

  TYPE(sage_workload);
  MEMBER(sage_workload, struct_size);
  MEMBER(sage_workload, reserved);
  MEMBER(sage_workload, stages);
  MEMBER(sage_workload, pipelines);
  MEMBER(sage_workload, classes);
  MEMBER(sage_workload, tenants);
  MEMBER(sage_workload, operators);
  MEMBER(sage_workload, plan);
  MEMBER(sage_workload, events);
  MEMBER(sage_workload, settle);
  MEMBER(sage_workload, conclude);
  MEMBER(sage_workload, nodes);
  MEMBER(sage_workload, release);
  MEMBER(sage_workload, result_max);

  TYPE(sage_run);
  MEMBER(sage_run, struct_size);
  MEMBER(sage_run, nodes);
  MEMBER(sage_run, parallelism);
  MEMBER(sage_run, reserved);
  MEMBER(sage_run, seed);
  MEMBER(sage_run, max_in_flight);
  MEMBER(sage_run, scheduler);
  MEMBER(sage_run, scratch_dir);
  MEMBER(sage_run, stages);
  MEMBER(sage_run, n_stages);
  MEMBER(sage_run, pipelines);
  MEMBER(sage_run, n_pipelines);
  MEMBER(sage_run, classes);
  MEMBER(sage_run, n_classes);
  MEMBER(sage_run, tenants);
  MEMBER(sage_run, n_tenants);
  MEMBER(sage_run, operators);
  MEMBER(sage_run, workload_library);
  MEMBER(sage_run, workload_id);
  MEMBER(sage_run, workload_config);
  MEMBER(sage_run, node_descriptions);

  TYPE(sage_node_stats);
  MEMBER(sage_node_stats, struct_size);
  MEMBER(sage_node_stats, node);
  MEMBER(sage_node_stats, busy_ns);
  MEMBER(sage_node_stats, capacity);
  MEMBER(sage_node_stats, clock_offset_ns);
  MEMBER(sage_node_stats, clock_error_ns);

  TYPE(sage_driver);
  MEMBER(sage_driver, struct_size);
  MEMBER(sage_driver, pid);
  MEMBER(sage_driver, operator_cpu_ns);

  TYPE(sage_stats);
  MEMBER(sage_stats, struct_size);
  MEMBER(sage_stats, reserved);
  MEMBER(sage_stats, resident_bytes);
  MEMBER(sage_stats, nodes);
  MEMBER(sage_stats, n_nodes);
  MEMBER(sage_stats, drivers);
  MEMBER(sage_stats, n_drivers);

  TYPE(sage_backend);
  MEMBER(sage_backend, struct_size);
  MEMBER(sage_backend, reserved);
  MEMBER(sage_backend, open);
  MEMBER(sage_backend, submit);
  MEMBER(sage_backend, control);
  MEMBER(sage_backend, drain);
  MEMBER(sage_backend, close);
  MEMBER(sage_backend, advance);
  MEMBER(sage_backend, stats);
  MEMBER(sage_backend, cancel);

  TYPE(sage_plugin);
  MEMBER(sage_plugin, struct_size);
  MEMBER(sage_plugin, abi_minor);
  MEMBER(sage_plugin, manifest);
  MEMBER(sage_plugin, create);
  MEMBER(sage_plugin, destroy);
  MEMBER(sage_plugin, workload);
  MEMBER(sage_plugin, backend);
  MEMBER(sage_plugin, get_extension);
  return 0;
}

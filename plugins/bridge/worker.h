/*
 * The worker library: opens a workload in a process of a runtime and executes its operators on packets, for callers
 * that have no C++ (Python's ctypes, which lets go of the interpreter's lock meanwhile). Flat functions, C11.
 *
 * Errors: null, with text in `error` (`error_size` bytes, cut to fit, always terminated).
 * Threads: any; one operator is used by one thread at a time.
 */
#ifndef SAGE_BRIDGE_WORKER_H
#define SAGE_BRIDGE_WORKER_H

#include <sage/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sbw_workload sbw_workload;
typedef struct sbw_operator sbw_operator;

/* Never closed: its code and its threads' ends stay with the process. */
SAGE_EXPORT sbw_workload* sbw_open(const char* library, const char* id, const char* config, char* error,
                                   uint64_t error_size);
SAGE_EXPORT sbw_operator* sbw_operator_open(sbw_workload* workload, const char* name, const char* config,
                                            uint32_t replica, uint32_t replicas, char* error, uint64_t error_size);
/*
 * Executes a step: `inputs` are the packets of its predecessors in order, or the request's own. Gives the size of the
 * packet that comes out, and where it is until the operator's next call. It is always a packet of the request: when the
 * operator failed, or an input had failed already, one with that status and text. Holds as long as the operator says
 * (sage_op_output.hold_ns). Negative: an input is no packet.
 */
SAGE_EXPORT int64_t sbw_run(sbw_operator* op, uint16_t stage, uint16_t step, uint32_t node, uint32_t n_inputs,
                            const char* const* inputs, const uint64_t* sizes, const char** out);
SAGE_EXPORT void sbw_operator_close(sbw_operator* op);

#ifdef __cplusplus
}
#endif
#endif

/*
 * sage-host plugin ABI, version 1.
 *
 * This header is the whole binary contract between the host and a plugin. It is C11, and nothing C++ crosses the
 * boundary, so a plugin may be built with any compiler and any standard library. docs/abi.md gives the reasons.
 *
 * A plugin is a shared library that exports exactly one symbol, `sage_entry_v1`, beside a TOML manifest. An
 * incompatible ABI gets a new symbol name, never a new meaning of the old one.
 *
 * Conventions
 *   - Tables (`sage_host`, `sage_plugin`, `sage_workload`, `sage_stage`, ...) start with `struct_size` and only ever
 *     grow at the end. Whoever provides one sets it to the size that it was compiled with; a member beyond it is absent
 *     (SAGE_HAS_FIELD), and so is a function or pointer that is null (SAGE_HAS). Members marked [required] must be
 *     present.
 *   - Tables that one side hands to the other to be filled (`sage_plugin`, `sage_operators`, `sage_op_output`,
 *     `sage_stats`): the caller zeroes its struct and sets `struct_size` to its size; who fills it writes no byte
 *     beyond that, and sets `struct_size` to the size it knows if that is smaller (sage_fill does both).
 *   - Rows (request, completion, outcome, span, record, error, event) travel in arrays; their size never changes. Batch
 *     them: a call through the boundary costs about 14 ns for one row and 1 ns a row in batches of 64.
 *   - Reserved fields are written as zero and not read. No enum, bool, long or bit-field is part of any struct.
 *   - Values that this header does not define (kinds, statuses, flags, `key_by`) are refused, never guessed: the host
 *     ends the run with the reason, or counts the row as wrong; a plugin returns SAGE_UNSUPPORTED.
 *   - Time is int64_t nanoseconds of the host's clock (CLOCK_MONOTONIC, or the virtual clock of a simulated run). Only
 *     between host and workload (plan, events, settle) it counts from the start of the schedule. Stamps may lie in the
 *     past, not in the future. A backend converts those of other machines' clocks, and tells how far off they may be
 *     (sage_node_stats.clock_error_ns); a stamp that cannot be beyond that is left out and counted.
 *   - Ownership: what is passed in is borrowed for the duration of the call unless the comment says longer; copy what
 *     you keep. Nothing that one side allocates is freed by the other.
 *   - Time limits: a call that does not return is hung, and ends the run. `submit` has 30 s (it must not block at all),
 *     `open` what --open-timeout says (120 s, or the manifest's; in the backend's `config` as "open_timeout_s"),
 * `drain` 5 s more than it is given, any other call, the loading of the library and `sage_entry_v1` 60 s. host->alive
 * gives `open` its time again.
 *   - Errors are statuses. Before returning a status other than SAGE_OK, give its text with `host->fail`.
 *     No exception may cross the boundary.
 *
 * Threads: each function carries the tag of the thread that calls it. Calls of one tag never overlap for one instance;
 * calls of different tags may run at the same time, within the states of the table.
 *   [main]    the thread that creates, opens, drains, closes and destroys
 *   [feed]    the thread that paces the load
 *   [settle]  the thread that judges results
 *   [any]     any thread, concurrently
 *
 *   state of the run        workload                                backend
 *   created                 [main] stages .. nodes, operators       -
 *   opening                 [any] operators.*                       [main] open
 *   offering                [feed] plan events  [settle] settle     [feed] submit control cancel advance
 *                           release  [any] operators.*              [settle] stats
 *   draining                [settle] settle release                 [main] drain  [settle] stats
 *                           [any] operators.*
 *   closing                 [any] operators.*                       [main] close; nothing else, and afterwards only
 *                                                                   destroy
 *   closed                  [settle] settle release conclude        [main] destroy
 *                           [main] operators.* destroy
 * Between `open` and the load [main] asks for `stats`, for the first rows and for the first events. In virtual time one
 * thread plays all of them in turn.
 */
#ifndef SAGE_ABI_H
#define SAGE_ABI_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SAGE_ABI_MAJOR 1
#define SAGE_ABI_MINOR 0
#define SAGE_ENTRY_SYMBOL "sage_entry_v1"

/* True when the table behind `ptr` has `member`; for functions and pointers: and it is not null. */
#define SAGE_HAS_FIELD(ptr, type, member) ((ptr)->struct_size >= offsetof(type, member) + sizeof((ptr)->member))
#define SAGE_HAS(ptr, type, member) (SAGE_HAS_FIELD(ptr, type, member) && (ptr)->member != NULL)

/* Fills the caller's table `out` from a table of the filler's own: as much as both know. */
static inline void sage_fill(void* out, const void* own) {
  uint32_t room, size;
  memcpy(&room, out, sizeof room);
  memcpy(&size, own, sizeof size);
  if (size > room) size = room;
  memcpy(out, own, size);
  memcpy(out, &size, sizeof size);
}

typedef int32_t sage_status;
#define SAGE_OK 0
#define SAGE_FAILED 1      /* something went wrong; the text says what */
#define SAGE_INVALID 2     /* the configuration is wrong; the text names the option (exit code 2) */
#define SAGE_UNSUPPORTED 3 /* this plugin cannot do that */
#define SAGE_UNAVAILABLE 4 /* what this backend needs is not installed; the text gives the command (exit code 3) */
#define SAGE_TIMEOUT 5     /* not finished within the time given */

#define SAGE_LOG_DEBUG 0
#define SAGE_LOG_INFO 1
#define SAGE_LOG_WARNING 2
#define SAGE_LOG_ERROR 3

/* UTF-8 text, not null-terminated. A null `ptr` with size 0 is the empty text. */
typedef struct sage_str {
  const char* ptr;
  uint64_t size;
} sage_str;

typedef struct sage_bytes {
  const void* ptr;
  uint64_t size;
} sage_bytes;

/* ------------------------------------------------------------------------------------------------ rows, frozen */

#define SAGE_REQUEST_WARMUP 1u     /* excluded from every metric; set by the host */
#define SAGE_REQUEST_IDEMPOTENT 2u /* a backend may run it again after a fault; set by the workload */
#define SAGE_REQUEST_FLAGS 3u      /* all that there are */

/*
 * One unit of offered load, 96 bytes. The host fills `id`, `due_ns`, `seq`, and, when it replays a trace, `units_in`,
 * `units_out` and `key`; the workload fills the rest (see sage_workload.plan).
 */
typedef struct sage_request {
  uint64_t id;        /* the host's handle: opaque, returned in the completion, never 0 */
  int64_t due_ns;     /* intended arrival; latency counts from here */
  uint64_t seq;       /* position in the schedule from 0: the same on every backend, so inputs are drawn from it */
  uint64_t key;       /* routes keyed stages */
  sage_bytes payload; /* may be empty; valid until sage_workload.release tells of it, at the latest until `close` */
  uint16_t pipeline;  /* index into sage_workload.pipelines */
  uint16_t class_id;  /* index into sage_workload.classes */
  uint16_t tenant;    /* index into sage_workload.tenants */
  uint8_t priority;   /* 0 is the most urgent */
  uint8_t flags;      /* SAGE_REQUEST_* */
  uint32_t units_in;  /* input size in tokens */
  uint32_t units_out; /* output size in tokens */
  uint64_t session;   /* the conversation that it is a turn of, whose context a backend may keep; 0 = none */
  uint64_t reserved[3];
} sage_request;

#define SAGE_DONE_OK 0
#define SAGE_DONE_ERROR 1
#define SAGE_DONE_TIMEOUT 2
#define SAGE_DONE_REJECTED 3 /* the backend refused it (a full queue, admission control) */
#define SAGE_DONE_CANCELLED 4

#define SAGE_COMPLETION_PARTIAL 1u /* a chunk (the first token, say): not terminal */
#define SAGE_COMPLETION_FLAGS 1u   /* all that there are */

/*
 * The end of a request, or with SAGE_COMPLETION_PARTIAL a chunk of its output, 96 bytes. A chunk's `units` add up, and
 * what is left of the terminal's `units` came with it; a chunk's `result` is not read, the terminal has all of it.
 */
typedef struct sage_completion {
  uint64_t id;       /* of the request */
  int64_t at_ns;     /* when it ended; 0 = the host stamps it on arrival */
  int64_t begun_ns;  /* when its first stage began executing; 0 = not known */
  uint64_t digest;   /* of the result, as its last step's operator gave it; 0 = that gave none */
  sage_bytes result; /* borrowed for the call; may be empty */
  int32_t status;    /* SAGE_DONE_* */
  uint32_t flags;    /* SAGE_COMPLETION_* */
  uint32_t units;    /* output tokens: of this chunk if partial, of the whole request if terminal */
  uint32_t node;     /* node that finished it, from 0 */
  /* When each output token was there, in order; `units` of them, borrowed for the call. Null: only `at_ns` is known.
     On a terminal completion it is of the tokens that no chunk told of. */
  const int64_t* token_ns;
  uint64_t reserved[3];
} sage_completion;

/* One execution of a step, 40 bytes. The time between a step's `begin_ns` and its predecessor's `end_ns` is waiting. */
typedef struct sage_span {
  uint64_t id; /* of the request */
  int64_t begin_ns;
  int64_t end_ns;
  uint16_t stage; /* index into sage_workload.stages */
  uint16_t step;  /* index of the step within the request's pipeline */
  uint32_t node;
  uint64_t reserved;
} sage_span;

/* One sample of a metric that a plugin registered with `host->series`, 32 bytes. */
typedef struct sage_record {
  int64_t t_ns;
  uint64_t id; /* of a request, or 0 */
  double value;
  uint32_t series;
  uint32_t reserved;
} sage_record;

#define SAGE_OUTCOME_OK 0
#define SAGE_OUTCOME_ERROR 1
#define SAGE_OUTCOME_TIMEOUT 2
#define SAGE_OUTCOME_REJECTED 3
#define SAGE_OUTCOME_CANCELLED 4
#define SAGE_OUTCOME_UNFINISHED 5 /* no terminal completion when the drain ended */

/* The result is larger than sage_workload.result_max and was left out; judge by the digest. In sage_outcome.flags. */
#define SAGE_OUTCOME_LEFT_OUT 4u
#define SAGE_RESULT_MAX 65536u            /* bytes, where a workload asks for no other limit */
#define SAGE_RESULT_MAX_POSSIBLE 1048576u /* that it may ask for */

#define SAGE_VERDICT_UNCHECKED 0u
#define SAGE_VERDICT_PASS 1u
#define SAGE_VERDICT_WRONG 2u

/* How a request ended, as the workload gets it to judge, 96 bytes. */
typedef struct sage_outcome {
  uint64_t seq;
  int64_t at_ns;
  int64_t begun_ns;
  uint64_t digest;
  sage_bytes result; /* empty when the backend gave none, or left out */
  int32_t outcome;   /* SAGE_OUTCOME_* */
  uint32_t units;
  uint32_t node;
  uint32_t flags;   /* SAGE_REQUEST_WARMUP, SAGE_OUTCOME_LEFT_OUT */
  int64_t first_ns; /* its first chunk or token; -1 = it came in one piece */
  uint64_t reserved[3];
} sage_outcome;

/* ------------------------------------------------------------------------------------------------ host services */

/* Services of the host, valid until `destroy` returns. Every function may be called from any thread. */
typedef struct sage_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* of the host; at least what the manifest requires */
  void* ctx;          /* first argument of every service */

  int64_t (*now_ns)(void* ctx);
  void (*log)(void* ctx, int32_t level, sage_str text);
  /* Text for the status that this thread is about to return. */
  void (*fail)(void* ctx, sage_str text);
  /* Registers a metric and returns its handle; the same name gives the same handle. */
  uint32_t (*series)(void* ctx, sage_str name, sage_str unit);
  void (*emit)(void* ctx, const sage_record* rows, uint64_t n);
  /* Backends only. May be called inside `submit`; never blocks; not after `close` returned. */
  void (*complete)(void* ctx, const sage_completion* rows, uint64_t n);
  /* Backends only. All spans of a request come in one call, in the order of its steps, before its terminal completion.
   */
  void (*spans)(void* ctx, const sage_span* rows, uint64_t n);
  /* Backends only: the effect of a control event is confirmed, or it failed (status and text). */
  void (*event_done)(void* ctx, uint64_t event_id, sage_status status, sage_str text);
  /* "sage.NAME/1" or a reverse-DNS id, null-terminated; null when the host does not have it. From `create` on; what it
     gives is valid as long as the table. A plugin that cannot do without one says so in its manifest. */
  const void* (*get_extension)(void* ctx, const char* id);
  /* Backends only: after a `submit` that did not take all, there is room again. The host asks then, not only when its
     own time has come. */
  void (*ready)(void* ctx);
  /* Backends only, while `open` has not returned: it has its time limit again, ten times at most, and the terminal
     shows the text. */
  void (*alive)(void* ctx, sage_str text);
} sage_host;

/* Extension of the host: what a plugin knows about the run that belongs into its record. [any] */
#define SAGE_METADATA_EXTENSION "sage.metadata/1"
typedef struct sage_metadata {
  uint32_t struct_size;
  uint32_t reserved;
  /* `ctx` is the host's. `value` is JSON; a later value of a key replaces the earlier one. */
  void (*set)(void* ctx, sage_str key, sage_str value);
} sage_metadata;

/* What went wrong with a request, 64 bytes: a row, its size never changes. */
typedef struct sage_error {
  uint64_t id;            /* of the request; 0 = of none */
  int64_t retry_after_ns; /* a service asked for so long a pause; 0 = it did not */
  sage_str text;
  int32_t code; /* of the service's own, such as an HTTP status; 0 = none */
  uint32_t reserved0;
  uint64_t reserved[3];
} sage_error;

/*
 * Extension of the host, for backends: what failed, in words. The record, the summary and the page show the most
 * frequent texts with how often each came, so leave out what is different every time. It ends no request. [any]
 */
#define SAGE_ERROR_EXTENSION "sage.error/1"
typedef struct sage_errors {
  uint32_t struct_size;
  uint32_t reserved;
  void (*tell)(void* ctx, const sage_error* rows, uint64_t n); /* `ctx` is the host's */
} sage_errors;

/* --------------------------------------------------------------------------------------------- what a workload is */

#define SAGE_KEY_NONE 0u    /* stateless: any replica may serve any request */
#define SAGE_KEY_REQUEST 1u /* one key is always served by one replica, in order: by sage_request.key */
#define SAGE_KEY_INPUT 2u   /* likewise, by the first 8 bytes (little endian) of the step's first input */

/*
 * A pool of replicas of one operator. Pipelines refer to stages, so two pipelines (or two steps of one) that name the
 * same stage share its replicas and their state. The three cost members are the workload's own estimate of an
 * execution's mean service time, cost = base + per_unit_in * units_in + per_unit_out * units_out; simulators use it.
 */
typedef struct sage_stage {
  uint32_t struct_size;
  uint32_t parallelism; /* replicas a node; 0 = the run's --parallelism */
  sage_str name;
  sage_str operator_name; /* for operator_open */
  sage_str config;        /* JSON object, for operator_open */
  uint32_t key_by;        /* SAGE_KEY_* */
  uint32_t reserved;
  double cost_base_ns;
  double cost_per_unit_in_ns;
  double cost_per_unit_out_ns;
  /* Abilities that a node must have for it to run replicas of this stage. Absent: any node does. */
  uint64_t n_needs;
  const sage_str* needs;
} sage_stage;

/* A node of a pipeline's DAG: an execution of a stage on the outputs of earlier steps. */
typedef struct sage_step {
  uint32_t struct_size;
  uint32_t stage;         /* index into sage_workload.stages */
  const uint32_t* inputs; /* indices of earlier steps of this pipeline, in the order the operator gets them */
  uint32_t n_inputs;      /* 0: the step gets the request's payload as its only input */
  uint32_t reserved;
} sage_step;

/* Results are no function of seed and request (a sampled text, say): no digest is expected, and parity is not checked.
 */
#define SAGE_PIPELINE_NO_DIGEST 1u
#define SAGE_PIPELINE_FLAGS 1u /* all that there are */

/* Steps in topological order. The last step is the only one whose output no other step takes: it is the result. */
typedef struct sage_pipeline {
  uint32_t struct_size;
  uint32_t n_steps;
  sage_str name;
  const sage_step* const* steps;
  uint32_t flags; /* SAGE_PIPELINE_* */
  uint32_t reserved;
} sage_pipeline;

/* A class of requests with its service level objectives in ns; 0 = no such objective. */
typedef struct sage_class {
  uint32_t struct_size;
  uint32_t reserved;
  sage_str name;
  int64_t slo_response_ns;
  int64_t slo_ttft_ns;
  int64_t slo_tpot_ns;
} sage_class;

typedef struct sage_tenant {
  uint32_t struct_size;
  uint32_t reserved;
  sage_str name;
} sage_tenant;

/*
 * A node of the cluster that a workload asks for. Speed 1 is that of the reference node, for which stages give their
 * costs. A backend with the capability "node-classes" gives the run such nodes, in this order, and places a stage only
 * on nodes that have what it needs.
 */
typedef struct sage_node {
  uint32_t struct_size;
  uint32_t reserved;
  sage_str name; /* of its class, such as "fast" */
  double speed;
  uint64_t n_abilities;
  const sage_str* abilities;
} sage_node;

/*
 * Kinds of control events, as `target`, with their arguments. A backend that can do one names it in its manifest, as
 * capability "fault.KIND" or "reconfigure.KIND". Workers and nodes are numbered from 0.
 *
 *   fault and heal
 *     kill-worker    {"stage":"chat","worker":1}  what it executes is lost, its state too
 *     freeze-worker  {"stage":"chat","worker":1}  it neither takes nor finishes work
 *     kill-node, freeze-node {"node":2}           likewise, every worker of the node
 *     slow-node      {"node":2,"factor":4}        everything takes so many times as long
 *     drop-link      {"node":2}                   cut off the network: it gets no work from elsewhere
 *   reconfigure; the effect is confirmed through event_done when it is complete
 *     parallelism    {"stage":"chat","value":4}   workers of the stage, a node
 *     add-node       {"speed":1}                  with workers of every stage; it gets the next number
 *     remove-node    {"node":2}                   its workers finish what they execute; its number is not used again
 *     move-stage     {"stage":"chat","node":2}    all workers of the stage, as many as there are, are on that node
 *     replace-worker {"stage":"chat","worker":1}  a new worker in its place, which finishes what it executes; keyed
 * state is handed over. A rolling replacement is one of these for each worker
 */
#define SAGE_EVENT_MARK 1u        /* `target` names the phase that begins */
#define SAGE_EVENT_FAULT 2u       /* `target` is the kind */
#define SAGE_EVENT_HEAL 3u        /* `target` and arguments as in the fault it ends */
#define SAGE_EVENT_RECONFIGURE 4u /* `target` is the kind */

/*
 * A control event, 64 bytes: a row, its size never changes. `args` is a JSON object, for example
 * {"stage":"apply","worker":1} or {"stage":"embed","value":4}.
 */
typedef struct sage_event {
  uint64_t id; /* set by the host, for event_done */
  int64_t due_ns;
  sage_str target;
  sage_str args;
  uint32_t kind; /* SAGE_EVENT_* */
  uint32_t reserved0;
  uint64_t reserved;
} sage_event;

/* What an operator gets: borrowed for the call. */
typedef struct sage_op_input {
  uint32_t struct_size;
  uint32_t step; /* index of the step within the pipeline */
  const sage_request* request;
  const sage_bytes* inputs; /* one a predecessor, in the order of sage_step.inputs; else the payload */
  uint64_t n_inputs;
} sage_op_input;

/*
 * What an operator gives. `result` belongs to the operator and stays valid until its next call or its close.
 * An operator computes and returns; it does not sleep. When it models a call to something remote (a served LLM), it
 * sets `hold_ns`, and the backend keeps the replica occupied for that long, in real or in virtual time. One that really
 * calls something remote blocks its replica until it has the result, and says what it saw in `first_ns` and `end_ns`.
 * It cannot be part of a run in virtual time, which refuses it.
 */
typedef struct sage_op_output {
  uint32_t struct_size;
  uint32_t units; /* output tokens */
  sage_bytes result;
  uint64_t digest;        /* of the result: a function of seed and request alone, whichever backend, replica or order */
  int64_t hold_ns;        /* the replica stays occupied this long after the call */
  int64_t first_after_ns; /* the first token appears this long after the call returned; 0 = no tokens */
  int64_t first_ns;       /* the first token was there then, within the call; 0 = none, or first_after_ns says it */
  int64_t end_ns;         /* the remote work was done then, within the call; 0 = none was called */
} sage_op_output;

/*
 * The operator functions of a workload, all [any]: instances are independent of each other; one instance is called by
 * one thread at a time.
 */
typedef struct sage_operators {
  uint32_t struct_size;
  uint32_t reserved;
  void* self; /* the workload instance */
  /* One instance for each replica (0 <= replica < replicas). `config` is the stage's. [required] */
  sage_status (*open)(void* self, sage_str name, sage_str config, uint32_t replica, uint32_t replicas, void** op);
  /* The host sets out->struct_size and zeroes the rest. [required] */
  sage_status (*run)(void* op, const sage_op_input* in, sage_op_output* out);
  void (*close)(void* op); /* [required] */
} sage_operators;

/*
 * A workload. The describing functions return arrays that the workload owns and keeps until `destroy`; each is
 * required except `tenants`, `events` and `nodes`.
 */
typedef struct sage_workload {
  uint32_t struct_size;
  uint32_t reserved;

  /* [main] */
  sage_status (*stages)(void* self, const sage_stage* const** out, uint64_t* n);
  sage_status (*pipelines)(void* self, const sage_pipeline* const** out, uint64_t* n);
  sage_status (*classes)(void* self, const sage_class* const** out, uint64_t* n);
  sage_status (*tenants)(void* self, const sage_tenant* const** out, uint64_t* n); /* absent: one, "default" */
  sage_status (*operators)(void* self, sage_operators* out);

  /*
   * [feed] Completes the next n rows of the schedule: rows arrive with seq, due_ns (from the host's arrival process)
   * and, from a trace, key, units_in and units_out already set; the rest is zero. Set pipeline, class, tenant,
   * priority, key, payload and sizes; due_ns may be changed, but never decreases from row to row. `filled` < n ends the
   * schedule.
   */
  sage_status (*plan)(void* self, sage_request* rows, uint64_t n, uint64_t* filled);

  /*
   * [feed] The next control events in order of due time, at most `n`; `filled` 0 = none left. Everything `events`
   * returns stays valid until the next call. `until_ns`: events due later may be kept back for a later call.
   */
  sage_status (*events)(void* self, int64_t until_ns, sage_event* rows, uint64_t n, uint64_t* filled);

  /* [settle] Judges results. Every seq that was offered comes exactly once, in no particular order. Absent: unchecked.
   */
  sage_status (*settle)(void* self, const sage_outcome* rows, uint64_t n, uint32_t* verdicts);

  /*
   * [settle] Once, after every outcome was settled: the verdict on the run as a whole (money conserved, say).
   * `report` is a JSON object for the record; it stays valid until destroy. verdict: SAGE_VERDICT_*.
   */
  sage_status (*conclude)(void* self, uint32_t* verdict, sage_str* report);

  /* [main] The nodes to run on; none, or absent: `nodes` of the run, all alike. */
  sage_status (*nodes)(void* self, const sage_node* const** out, uint64_t* n);

  /*
   * [settle] Optional: neither host nor backend reads the payloads of these requests again. Each was settled before. A
   * request that the host gave up while the backend still had it (its time limit, the end of the drain) is not told of:
   * its payload stays valid until `close` returned.
   */
  sage_status (*release)(void* self, const uint64_t* seqs, uint64_t n);
  /* Bytes of a result that `settle` gets; larger ones are left out. 0 = SAGE_RESULT_MAX. */
  uint64_t result_max;
} sage_workload;

/* ---------------------------------------------------------------------------------------------- what a backend is */

/* The run that a backend is opened for. All of it stays valid until `close` returned. */
typedef struct sage_run {
  uint32_t struct_size;
  uint32_t nodes;
  uint32_t parallelism;
  uint32_t reserved;
  uint64_t seed;
  uint64_t max_in_flight; /* the host never has more requests outstanding */
  sage_str scheduler;     /* "default" = the backend's own; else NAME of a capability "scheduler.NAME" */
  sage_str scratch_dir;   /* a private folder of this run (0700), removed afterwards */
  const sage_stage* const* stages;
  uint64_t n_stages;
  const sage_pipeline* const* pipelines;
  uint64_t n_pipelines;
  const sage_class* const* classes;
  uint64_t n_classes;
  const sage_tenant* const* tenants;
  uint64_t n_tenants;
  const sage_operators* operators;
  /* Enough to open the same workload in another process. */
  sage_str workload_library; /* absolute path */
  sage_str workload_id;
  sage_str workload_config; /* JSON, as given to `create` */
  /* What the `nodes` nodes are like, as the workload described them; absent: all alike. */
  const sage_node* const* node_descriptions;
} sage_run;

typedef struct sage_node_stats {
  uint32_t struct_size;
  uint32_t node;
  double busy_ns;  /* work done since `open` */
  double capacity; /* relative speed times replicas */
  /* Of a node with a clock of its own: what was added to its stamps, and by how much they may still be wrong. */
  int64_t clock_offset_ns;
  int64_t clock_error_ns;
} sage_node_stats;

/*
 * A process of the backend's own between the host and its runtime. The host records what it costs, and marks a run that
 * such a process limits.
 */
typedef struct sage_driver {
  uint32_t struct_size;
  uint32_t pid;           /* as this process sees it; below this process */
  double operator_cpu_ns; /* CPU time of operators executed in it since `open`; negative = they run elsewhere */
} sage_driver;

typedef struct sage_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t resident_bytes; /* memory of the backend's own processes; 0 = not known */
  const sage_node_stats* const* nodes;
  uint64_t n_nodes;
  const sage_driver* const* drivers; /* none: the backend runs in this process */
  uint64_t n_drivers;
} sage_stats;

typedef struct sage_backend {
  uint32_t struct_size;
  uint32_t reserved;

  /* [main] Starts the runtime and deploys the stages; timed apart from the run. [required] */
  sage_status (*open)(void* self, const sage_run* run);
  /*
   * [feed] Takes the first `taken` rows; taken < n = full for now, and the host offers the rest again (back-pressure).
   * Rows are borrowed for the call. Must not block. [required]
   */
  sage_status (*submit)(void* self, const sage_request* rows, uint64_t n, uint64_t* taken);
  /* [feed] Starts a control event; answer through event_done, in the call or later. Absent: unsupported. */
  sage_status (*control)(void* self, const sage_event* event);
  /* [main] Waits until everything taken has completed, at most timeout_ns: SAGE_OK or SAGE_TIMEOUT. [required] */
  sage_status (*drain)(void* self, int64_t timeout_ns);
  /* [main] Stops the runtime; afterwards no host service is called. Must end what is still running. [required] */
  sage_status (*close)(void* self);

  /*
   * [feed] Virtual time only (capability "virtual-time"): processes everything that happens up to and including
   * until_ns. `next_ns`: when the next internal event is due, or INT64_MAX when idle.
   */
  sage_status (*advance)(void* self, int64_t until_ns, int64_t* next_ns);
  /* [settle] The arrays stay valid until the next call. */
  sage_status (*stats)(void* self, sage_stats* out);
  /*
   * [feed] Optional: nobody waits for these any more (their time limit is over). Each still gets its one terminal
   * completion, SAGE_DONE_CANCELLED if that is how it ended. An id that the backend does not know has ended already.
   * Must not block.
   */
  sage_status (*cancel)(void* self, const uint64_t* ids, uint64_t n);
} sage_backend;

/* -------------------------------------------------------------------------------------------------------- entry */

typedef struct sage_plugin {
  uint32_t struct_size;
  uint32_t abi_minor; /* the minor version of the header that it was built with, as its manifest says */
  sage_str manifest;  /* the TOML text embedded at build time; must say what the file beside the library says */
  /* [main] `id` is the manifest's; `config` a JSON object of the plugin's resolved options, plus "seed", "nodes",
     "parallelism", "scheduler", "quick"; for a backend also "open_timeout_s"; for a workload also "capabilities", those
     of its backend, and "load", an object of the host's load options. [required] */
  sage_status (*create)(const sage_host* host, sage_str id, sage_str config, void** self);
  void (*destroy)(void* self);   /* [main] [required] */
  const sage_workload* workload; /* exactly one of these two */
  const sage_backend* backend;
  const void* (*get_extension)(void* self, const char* id); /* optional */
} sage_plugin;

typedef sage_status (*sage_entry_fn)(const sage_host* host, sage_plugin* out);

#if defined(_WIN32)
#define SAGE_EXPORT __declspec(dllexport)
#else
#define SAGE_EXPORT __attribute__((visibility("default")))
#endif

/* The manifest, for sage_plugin.manifest: sage_add_plugin() makes them of the file. */
extern const char sage_manifest_text[];
extern const uint64_t sage_manifest_size;

/* The one exported symbol. Must not start threads or touch anything outside the process. */
SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out);

#if defined(__cplusplus)
#define SAGE_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type " is frozen")
#else
#define SAGE_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " is frozen")
#endif
SAGE_ASSERT_SIZE(sage_request, 96);
SAGE_ASSERT_SIZE(sage_completion, 96);
SAGE_ASSERT_SIZE(sage_outcome, 96);
SAGE_ASSERT_SIZE(sage_span, 40);
SAGE_ASSERT_SIZE(sage_record, 32);
SAGE_ASSERT_SIZE(sage_error, 64);
SAGE_ASSERT_SIZE(sage_event, 64);

#ifdef __cplusplus
}
#endif
#endif

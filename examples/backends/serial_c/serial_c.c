/* A whole backend in C11: executes every request's pipeline at once, in `submit`, by the thread that calls it. What a
   real one does on threads of its own happens here in order, so that it can be read from top to bottom. */
#include <sage/options.h>

#include <stdio.h>

typedef struct Bytes {
  char* at;
  uint64_t size;
  uint64_t capacity;
} Bytes;

typedef struct Serial {
  const sage_host* host;
  const sage_run* run;
  char label[64];
  void** operators; /* an instance for each stage */
  uint64_t n_operators;
  Bytes* outputs; /* of the steps of one request */
  sage_bytes* inputs;
  sage_span* spans;
  _Atomic int64_t busy_ns; /* written in `submit`, read in `stats` */
  sage_node_stats node;
  const sage_node_stats* nodes[1];
} Serial;

static sage_str text(const char* s) { return (sage_str){s, strlen(s)}; }

static sage_status failed(const Serial* self, sage_status status, const char* why) {
  self->host->fail(self->host->ctx, text(why));
  return status;
}

static int keep(Bytes* to, sage_bytes from) {
  if (from.size > to->capacity) {
    char* more = realloc(to->at, from.size);
    if (more == NULL) return 0;
    to->at = more;
    to->capacity = from.size;
  }
  if (from.size != 0) memcpy(to->at, from.ptr, from.size);
  to->size = from.size;
  return 1;
}

static sage_status create(const sage_host* host, sage_str id, sage_str config, void** out) {
  Serial* self = calloc(1, sizeof *self);
  uint64_t size;
  (void)id;
  if (self == NULL) return SAGE_FAILED;
  self->host = host;
  if (!sage_option_text(config, "label", self->label, sizeof self->label, &size)) {
    free(self);
    host->fail(host->ctx, text("option label: at most 63 bytes are possible"));
    return SAGE_INVALID;
  }
  *out = self;
  return SAGE_OK;
}

static void destroy(void* self) { free(self); }

static sage_status open_run(void* opaque, const sage_run* run) {
  Serial* self = opaque;
  uint32_t steps_max = 1;
  uint64_t i;
  if (run->nodes != 1) return failed(self, SAGE_INVALID, "serial_c runs on one node; use --nodes 1");
  for (i = 0; i < run->n_pipelines; ++i)
    if (run->pipelines[i]->n_steps > steps_max) steps_max = run->pipelines[i]->n_steps;
  self->run = run;
  self->operators = calloc(run->n_stages, sizeof *self->operators);
  self->outputs = calloc(steps_max, sizeof *self->outputs);
  self->inputs = calloc(steps_max, sizeof *self->inputs);
  self->spans = calloc(steps_max, sizeof *self->spans);
  if (self->operators == NULL || self->outputs == NULL || self->inputs == NULL || self->spans == NULL)
    return failed(self, SAGE_FAILED, "no memory");
  for (i = 0; i < run->n_stages; ++i) {
    const sage_stage* stage = run->stages[i];
    const sage_status status =
        run->operators->open(run->operators->self, stage->operator_name, stage->config, 0, 1, &self->operators[i]);
    if (status != SAGE_OK) return status; /* the operator gave the text */
    self->n_operators = i + 1;
  }
  self->host->log(self->host->ctx, SAGE_LOG_INFO, text(self->label));
  return SAGE_OK;
}

/* The steps are in topological order, so one pass executes them. */
static void execute(Serial* self, const sage_request* request, sage_completion* done) {
  const sage_pipeline* pipeline = self->run->pipelines[request->pipeline];
  uint32_t s, k, n_spans = 0;
  for (s = 0; s < pipeline->n_steps && done->status == SAGE_DONE_OK; ++s) {
    const sage_step* step = pipeline->steps[s];
    sage_op_input in = {0};
    sage_op_output out = {0};
    sage_span* span = &self->spans[n_spans++];
    for (k = 0; k < step->n_inputs; ++k) {
      const Bytes* from = &self->outputs[step->inputs[k]];
      self->inputs[k] = (sage_bytes){from->at, from->size};
    }
    if (step->n_inputs == 0) self->inputs[0] = request->payload;
    in.struct_size = sizeof in;
    in.step = s;
    in.request = request;
    in.inputs = self->inputs;
    in.n_inputs = step->n_inputs == 0 ? 1 : step->n_inputs;
    out.struct_size = sizeof out;
    *span = (sage_span){.id = request->id, .stage = (uint16_t)step->stage, .step = (uint16_t)s};
    span->begin_ns = self->host->now_ns(self->host->ctx);
    if (self->run->operators->run(self->operators[step->stage], &in, &out) != SAGE_OK ||
        !keep(&self->outputs[s], out.result))
      done->status = SAGE_DONE_ERROR;
    span->end_ns = self->host->now_ns(self->host->ctx);
    /* The operator models something remote: its replica stays occupied. */
    while (out.hold_ns > 0 && self->host->now_ns(self->host->ctx) < span->end_ns + out.hold_ns) {
    }
    if (out.hold_ns > 0) span->end_ns = self->host->now_ns(self->host->ctx);
    self->busy_ns += span->end_ns - span->begin_ns;
    done->digest = out.digest;
    done->units = out.units;
    done->result = (sage_bytes){self->outputs[s].at, self->outputs[s].size};
  }
  done->begun_ns = self->spans[0].begin_ns;
  done->at_ns = self->spans[n_spans - 1].end_ns;
  self->host->spans(self->host->ctx, self->spans, n_spans);
}

static sage_status submit(void* opaque, const sage_request* rows, uint64_t n, uint64_t* taken) {
  Serial* self = opaque;
  for (*taken = 0; *taken < n; ++*taken) {
    sage_completion done = {0};
    done.id = rows[*taken].id;
    execute(self, &rows[*taken], &done);
    if (done.status != SAGE_DONE_OK) done.result = (sage_bytes){NULL, 0};
    self->host->complete(self->host->ctx, &done, 1);
  }
  return SAGE_OK;
}

static sage_status drain(void* self, int64_t timeout_ns) {
  (void)self;
  (void)timeout_ns;
  return SAGE_OK; /* nothing is ever left */
}

static sage_status stats(void* opaque, sage_stats* out) {
  Serial* self = opaque;
  sage_stats own = {0};
  self->node.struct_size = sizeof self->node;
  self->node.busy_ns = (double)self->busy_ns;
  self->node.capacity = 1;
  self->nodes[0] = &self->node;
  own.struct_size = sizeof own;
  own.nodes = self->nodes;
  own.n_nodes = 1;
  sage_fill(out, &own);
  return SAGE_OK;
}

static sage_status close_run(void* opaque) {
  Serial* self = opaque;
  uint32_t steps_max = 0;
  uint64_t i;
  if (self->run == NULL) return SAGE_OK;
  for (i = 0; i < self->n_operators; ++i) self->run->operators->close(self->operators[i]);
  for (i = 0; i < self->run->n_pipelines; ++i)
    if (self->run->pipelines[i]->n_steps > steps_max) steps_max = self->run->pipelines[i]->n_steps;
  for (i = 0; self->outputs != NULL && i < steps_max; ++i) free(self->outputs[i].at);
  free(self->operators);
  free(self->outputs);
  free(self->inputs);
  free(self->spans);
  self->run = NULL;
  return SAGE_OK;
}

static const sage_backend backend = {.struct_size = sizeof(sage_backend),
                                     .open = open_run,
                                     .submit = submit,
                                     .drain = drain,
                                     .close = close_run,
                                     .stats = stats};

SAGE_EXPORT sage_status sage_entry_v1(const sage_host* host, sage_plugin* out) {
  sage_plugin own = {0};
  (void)host;
  own.struct_size = sizeof own;
  own.abi_minor = SAGE_ABI_MINOR;
  own.manifest = (sage_str){sage_manifest_text, sage_manifest_size};
  own.create = create;
  own.destroy = destroy;
  own.backend = &backend;
  sage_fill(out, &own);
  return SAGE_OK;
}

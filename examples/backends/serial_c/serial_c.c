/* A whole backend in C11: a thread takes the requests in their order and executes the steps of each. */
#define _POSIX_C_SOURCE 200809L
#include <sage/options.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

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

  pthread_mutex_t mutex; /* of what follows */
  pthread_cond_t changed;
  sage_request* queue; /* a ring of run->max_in_flight: the host never has more outstanding */
  uint64_t first;
  uint64_t waiting;
  uint64_t outstanding;
  int stopping;

  int started;
  pthread_t thread;
  Bytes* outputs; /* the thread's, as the rest: of the steps of one request */
  sage_bytes* inputs;
  sage_span* spans;
  _Atomic int64_t busy_ns; /* read in `stats` */
  sage_node_stats node;
  const sage_node_stats* nodes[1];
} Serial;

static sage_str text(const char* s) { return (sage_str){s, strlen(s)}; }

static sage_status failed(const Serial* self, sage_status status, const char* why) {
  self->host->fail(self->host->ctx, text(why));
  return status;
}

static int64_t now(const Serial* self) { return self->host->now_ns(self->host->ctx); }

/* Waits for a change, at most until then by the host's clock, CLOCK_MONOTONIC. With the mutex held. */
static void wait_until(Serial* self, int64_t until_ns) {
  const struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
  pthread_cond_timedwait(&self->changed, &self->mutex, &until);
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
  pthread_condattr_t clock;
  uint64_t size;
  (void)id;
  if (self == NULL) return SAGE_FAILED;
  self->host = host;
  if (!sage_option_text(config, "label", self->label, sizeof self->label, &size)) {
    free(self);
    host->fail(host->ctx, text("option label: at most 63 bytes are possible"));
    return SAGE_INVALID;
  }
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&self->changed, &clock);
  pthread_condattr_destroy(&clock);
  pthread_mutex_init(&self->mutex, NULL);
  *out = self;
  return SAGE_OK;
}

/* The operator models something remote: its replica stays occupied. */
static void hold(Serial* self, int64_t until_ns) {
  pthread_mutex_lock(&self->mutex);
  while (!self->stopping && now(self) < until_ns) wait_until(self, until_ns);
  pthread_mutex_unlock(&self->mutex);
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
    span->begin_ns = now(self);
    if (self->run->operators->run(self->operators[step->stage], &in, &out) != SAGE_OK ||
        !keep(&self->outputs[s], out.result))
      done->status = SAGE_DONE_ERROR;
    span->end_ns = now(self);
    if (done->status == SAGE_DONE_OK && out.hold_ns > 0) {
      hold(self, span->end_ns + out.hold_ns);
      span->end_ns = now(self);
    }
    self->busy_ns += span->end_ns - span->begin_ns;
    done->digest = out.digest;
    done->units = out.units;
    done->result = (sage_bytes){self->outputs[s].at, self->outputs[s].size};
  }
  if (done->status != SAGE_DONE_OK) done->result = (sage_bytes){NULL, 0};
  done->begun_ns = self->spans[0].begin_ns;
  done->at_ns = self->spans[n_spans - 1].end_ns;
  self->host->spans(self->host->ctx, self->spans, n_spans);
}

static void* work(void* opaque) {
  Serial* self = opaque;
  pthread_mutex_lock(&self->mutex);
  for (;;) {
    sage_request request;
    sage_completion done = {0};
    while (!self->stopping && self->waiting == 0) pthread_cond_wait(&self->changed, &self->mutex);
    if (self->stopping) break;
    request = self->queue[self->first];
    self->first = (self->first + 1) % self->run->max_in_flight;
    --self->waiting;
    pthread_mutex_unlock(&self->mutex);
    done.id = request.id;
    execute(self, &request, &done);
    self->host->complete(self->host->ctx, &done, 1);
    pthread_mutex_lock(&self->mutex);
    --self->outstanding;
    pthread_cond_broadcast(&self->changed);
  }
  pthread_mutex_unlock(&self->mutex);
  return NULL;
}

static sage_status open_run(void* opaque, const sage_run* run) {
  Serial* self = opaque;
  uint32_t steps_max = 1;
  uint64_t i;
  if (run->nodes != 1) return failed(self, SAGE_INVALID, "serial_c runs on one node; use --nodes 1");
  for (i = 0; i < run->n_pipelines; ++i)
    if (run->pipelines[i]->n_steps > steps_max) steps_max = run->pipelines[i]->n_steps;
  self->run = run;
  self->operators = calloc(run->n_stages, sizeof *self->operators);
  self->queue = calloc(run->max_in_flight, sizeof *self->queue);
  self->outputs = calloc(steps_max, sizeof *self->outputs);
  self->inputs = calloc(steps_max, sizeof *self->inputs);
  self->spans = calloc(steps_max, sizeof *self->spans);
  if (!self->operators || !self->queue || !self->outputs || !self->inputs || !self->spans)
    return failed(self, SAGE_FAILED, "no memory");
  for (i = 0; i < run->n_stages; ++i) {
    const sage_stage* stage = run->stages[i];
    const sage_status status =
        run->operators->open(run->operators->self, stage->operator_name, stage->config, 0, 1, &self->operators[i]);
    if (status != SAGE_OK) return status; /* the operator gave the text */
    self->n_operators = i + 1;
  }
  if (pthread_create(&self->thread, NULL, work, self) != 0) return failed(self, SAGE_FAILED, "no thread");
  self->started = 1;
  self->host->log(self->host->ctx, SAGE_LOG_INFO, text(self->label));
  return SAGE_OK;
}

/* Takes what there is room for, which is all that the host may send, and returns at once. */
static sage_status submit(void* opaque, const sage_request* rows, uint64_t n, uint64_t* taken) {
  Serial* self = opaque;
  const uint64_t size = self->run->max_in_flight;
  pthread_mutex_lock(&self->mutex);
  for (*taken = 0; *taken < n && self->waiting < size; ++*taken)
    self->queue[(self->first + self->waiting++) % size] = rows[*taken];
  self->outstanding += *taken;
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->mutex);
  return SAGE_OK;
}

static sage_status drain(void* opaque, int64_t timeout_ns) {
  Serial* self = opaque;
  const int64_t until_ns = now(self) + timeout_ns;
  sage_status status;
  pthread_mutex_lock(&self->mutex);
  while (self->outstanding != 0 && now(self) < until_ns) wait_until(self, until_ns);
  status = self->outstanding == 0 ? SAGE_OK : SAGE_TIMEOUT;
  pthread_mutex_unlock(&self->mutex);
  return status;
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
  if (self->started) {
    pthread_mutex_lock(&self->mutex);
    self->stopping = 1;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
  }
  for (i = 0; i < self->n_operators; ++i) self->run->operators->close(self->operators[i]);
  for (i = 0; i < self->run->n_pipelines; ++i)
    if (self->run->pipelines[i]->n_steps > steps_max) steps_max = self->run->pipelines[i]->n_steps;
  for (i = 0; self->outputs != NULL && i < steps_max; ++i) free(self->outputs[i].at);
  free(self->operators);
  free(self->queue);
  free(self->outputs);
  free(self->inputs);
  free(self->spans);
  self->run = NULL;
  return SAGE_OK;
}

static void destroy(void* opaque) {
  Serial* self = opaque;
  close_run(self);
  pthread_cond_destroy(&self->changed);
  pthread_mutex_destroy(&self->mutex);
  free(self);
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

/* The cost of a task: a stream of records whose bodies only count. As in the FMM's walk, each
 * writes a field of its own and reads a few that others read too. */
#include "roofs.h"

#include "runtime/runtime.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { N_TASKS = 3000, N_READ = 1000, N_RUNS = 5 };

typedef struct counted_stream {
    dp_stream stream;
    _Atomic int64_t n_bodies;
} counted_stream;

static dagpole_status count(void *argument, int64_t record, void *const *buffers, int worker) {
    counted_stream *c = argument;
    (void)record, (void)buffers, (void)worker;
    atomic_fetch_add_explicit(&c->n_bodies, 1, memory_order_relaxed);
    return DAGPOLE_OK;
}

static void make_fields(dp_stream *s, double *words) {
    s->n_fields = N_READ + N_TASKS;
    s->fields = perf_alloc((size_t)s->n_fields, sizeof *s->fields);
    for (int32_t f = 0; f < s->n_fields; f++)
        s->fields[f] = (dp_field){.data = words + f, .bytes = sizeof *words};
}

static void make_records(dp_stream *s, int n_access) {
    s->n_records = N_TASKS;
    s->n_accesses = (int64_t)N_TASKS * n_access;
    s->records = perf_alloc(N_TASKS, sizeof *s->records);
    s->access_field = perf_alloc((size_t)s->n_accesses, sizeof *s->access_field);
    s->access_mode = perf_alloc((size_t)s->n_accesses, sizeof *s->access_mode);
    for (int32_t i = 0; i < N_TASKS; i++) {
        int64_t begin = (int64_t)i * n_access;
        s->records[i] =
            (dp_record){.cost = 1e-6f, .access_begin = begin, .n_access = (int32_t)n_access};
        s->access_field[begin] = N_READ + i;
        s->access_mode[begin] = DP_WRITE;
        for (int a = 1; a < n_access; a++) {
            s->access_field[begin + a] = (i + a) % N_READ;
            s->access_mode[begin + a] = DP_READ;
        }
    }
}

/* seconds[r]: of run r. */
static void run_all(dp_runtime *runtime, counted_stream *c, double seconds[N_RUNS]) {
    dp_execution *execution;
    dp_profile profile;
    perf_try(dp_stream_check(&c->stream));
    perf_try(dp_execution_create(runtime, &c->stream, &execution));
    perf_try(dp_execution_run(execution, "warm", &profile));
    for (int r = 0; r < N_RUNS; r++) {
        perf_try(dp_execution_run(execution, "tasks", &profile));
        seconds[r] = profile.wall_s;
    }
    dp_execution_destroy(execution);
    perf_require(c->n_bodies == (1 + N_RUNS) * (int64_t)N_TASKS, "the count of tasks");
}

perf_figure perf_task_cost(int threads, int n_access, int *workers) {
    static const char *const names[] = {"count"};
    static double words[N_READ + N_TASKS];
    counted_stream c = {.stream = {.n_ops = 1, .op_names = names, .body = count}};
    double cost[N_RUNS];
    dp_runtime *runtime;
    c.stream.argument = &c;
    make_fields(&c.stream, words);
    make_records(&c.stream, n_access);
    perf_try(dp_runtime_create(&(dp_runtime_options){.threads = threads}, &runtime));
    *workers = dp_runtime_threads(runtime);
    run_all(runtime, &c, cost);
    dp_runtime_destroy(runtime);
    free(c.stream.fields);
    free(c.stream.records);
    free(c.stream.access_field);
    free(c.stream.access_mode);
    for (int r = 0; r < N_RUNS; r++)
        cost[r] *= 1e6 / N_TASKS;
    return perf_figure_of(N_RUNS, cost);
}

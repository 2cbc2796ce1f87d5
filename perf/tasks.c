/* The tasks of a plan: each kind's number and time beside what the cost model says of it, and what
 * the runtime takes for them when they do nothing. DAGPOLE_HANDLES=0 leaves StarPU's handles out,
 * and HWLOC_SYNTHETIC cuts the plan for another machine. */
#include "bench.h"

#include "api/internal.h"

#include <stdlib.h>

typedef struct kind {
    int64_t n_tasks, n_accesses;
    double cost_s, *seconds; /* of each task */
} kind;

/* In order and in this thread, as the serial executor does; each step's time counts. */
static void run_tasks(const dp_stream *s, kind kinds[DP_N_RECORD_OPS]) {
    void **buffers = perf_alloc((size_t)s->n_fields, sizeof *buffers);
    for (int64_t i = 0; i < s->n_records; i++) {
        const dp_record *record = &s->records[i];
        kind *k = &kinds[record->op];
        int64_t first, n = dp_stream_steps(s, i, &first);
        for (int32_t a = 0; a < record->n_access; a++)
            buffers[a] = s->fields[s->access_field[record->access_begin + a]].data;
        double begin = dp_thread_clock();
        for (int64_t step = first; step < first + n; step++)
            perf_try(s->body(s->argument, step, buffers, 0));
        k->seconds[k->n_tasks++] = dp_thread_clock() - begin;
        k->n_accesses += record->n_access;
        k->cost_s += (double)record->cost;
    }
    free(buffers);
}

static void show_kinds(const perf_scene *s, int digits, const dp_stream *stream, perf_table *t) {
    kind kinds[DP_N_RECORD_OPS] = {{0}};
    for (int op = 0; op < stream->n_ops; op++)
        kinds[op].seconds = perf_alloc((size_t)stream->n_records, sizeof(double));
    run_tasks(stream, kinds);
    for (int op = 0; op < stream->n_ops; op++) {
        const kind *k = &kinds[op];
        double sum = 0, n = (double)k->n_tasks;
        for (int64_t i = 0; i < k->n_tasks; i++)
            sum += k->seconds[i];
        if (k->n_tasks > 0) {
            perf_row_begin(t);
            perf_scene_cells(s, &s->kind[0], t);
            perf_count(t, "digits", digits);
            perf_word(t, "task", stream->op_names[op]);
            perf_count(t, "tasks", k->n_tasks);
            perf_real(t, "percent", 100 * n / (double)stream->n_records);
            perf_real(t, "accesses", (double)k->n_accesses / n);
            perf_real(t, "mean_us", 1e6 * sum / n);
            perf_real(t, "median_us", 1e6 * dp_figure_of((int)k->n_tasks, k->seconds).median);
            perf_real(t, "model_us", 1e6 * k->cost_s / n);
            perf_row_end(t);
        }
        free(k->seconds);
    }
}

static void show_submission(const perf_scene *s, int digits, int threads, const dp_stream *stream,
                            perf_table *t) {
    dp_runtime_options options = {.threads = threads};
    dp_runtime *runtime;
    dp_execution *execution;
    dp_profile profile;
    dp_stream empty = *stream;
    double n = (double)stream->n_records;
    dp_passes runs = {.clock = dp_clock, .least = s->chosen->runs};
    empty.body = bench_do_nothing;
    perf_try(dp_runtime_create(&options, &runtime));
    double begin = dp_clock();
    perf_try(dp_execution_create(runtime, &empty, &execution));
    double create_s = dp_clock() - begin;
    perf_try(dp_execution_run(execution, "warm", &profile));
    while (dp_passes_next(&runs))
        perf_try(dp_execution_run(execution, "submission", &profile));
    for (int i = 0; i < runs.n; i++)
        runs.seconds[i] *= 1e6 / n;
    perf_row_begin(t);
    perf_scene_cells(s, &s->kind[0], t);
    perf_count(t, "digits", digits);
    perf_count(t, "threads", dp_runtime_threads(runtime));
    perf_count(t, "all_tasks", stream->n_records);
    perf_count(t, "fields", stream->n_fields);
    perf_real(t, "accesses", (double)stream->n_accesses / n);
    perf_real(t, "create_us_a_task", 1e6 * create_s / n);
    perf_figure(t, "empty_us_a_task", dp_passes_figure(&runs));
    perf_row_end(t);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
}

static int visit(const perf_scene *s, perf_table *t) {
    dagpole_context *context = perf_context(0, 1);
    for (int i = 0; i < s->n_digits; i++) {
        int digits = (int)s->digits[i];
        perf_plan p = perf_plan_create(context, s, digits, 0, 0);
        perf_plan_evaluate(&p, &s->kind[0]); /* touches memory */
        p.plan->graph->call =
            (dp_call){.charges = s->kind[0].cloud.charges, .potentials = p.potentials};
        show_kinds(s, digits, &p.plan->graph->stream, t);
        perf_plan_check(&p, &s->kind[0]);
        for (int k = 0; k < s->n_threads; k++)
            show_submission(s, digits, (int)s->threads[k], &p.plan->graph->stream, t);
        perf_plan_destroy(&p);
    }
    dagpole_context_destroy(context);
    return 0;
}

int bench_tasks(const perf_choice *o, perf_table *t) {
    return perf_each(o, t, visit);
}

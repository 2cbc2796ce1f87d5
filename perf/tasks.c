/* The tasks of a plan: each kind's number and time beside what the cost model says of it.
 * HWLOC_SYNTHETIC cuts the plan for another machine. */
#include "perf.h"

#include "api/internal.h"

#include <stdlib.h>

typedef struct kind {
    int64_t n_tasks, n_accesses;
    double cost_s, sum_s, *seconds; /* of each task */
} kind;

/* In order and in this thread, as the serial executor does; each record's time counts. */
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
        k->seconds[k->n_tasks] = dp_thread_clock() - begin;
        k->sum_s += k->seconds[k->n_tasks++];
        k->n_accesses += record->n_access;
        k->cost_s += (double)record->cost;
    }
    free(buffers);
}

static void show(const perf_scene *s, const dp_stream *stream, perf_table *t) {
    kind kinds[DP_N_RECORD_OPS] = {{0}};
    for (int op = 0; op < stream->n_ops; op++)
        kinds[op].seconds = perf_alloc((size_t)stream->n_records, sizeof(double));
    run_tasks(stream, kinds);
    for (int op = 0; op < stream->n_ops; op++) {
        const kind *k = &kinds[op];
        double n = (double)k->n_tasks;
        if (k->n_tasks > 0) {
            perf_scene_row(s, t);
            perf_cells(t, WORD("task", stream->op_names[op]), COUNT("tasks", k->n_tasks),
                       REAL("percent", 100 * n / (double)stream->n_records),
                       REAL("accesses", (double)k->n_accesses / n),
                       REAL("mean_us", 1e6 * k->sum_s / n),
                       REAL("median_us", 1e6 * dp_figure_of((int)k->n_tasks, k->seconds).median),
                       REAL("model_us", 1e6 * k->cost_s / n));
            perf_row_end(t);
        }
        free(k->seconds);
    }
}

int bench_tasks(const perf_choice *o, perf_table *t) {
    dagpole_context *context = perf_context(0, 1);
    for (perf_scene *s = NULL; (s = perf_next(o, s)) != NULL;) {
        perf_plan p = perf_plan_create(context, s, 0, 0);
        perf_plan_evaluate(&p, s->charged); /* touches memory */
        p.plan->graph->call =
            dp_call_of_one(dp_n_parts(&p.plan->shape), s->charged->charges, p.potentials, NULL);
        show(s, &p.plan->graph->stream, t);
        perf_plan_check(&p, s->charged);
        perf_plan_destroy(&p);
    }
    dagpole_context_destroy(context);
    return 0;
}

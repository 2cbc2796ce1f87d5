/* Each operator on one core, as a share of its roof: evaluations by the serial executor, whose
 * operators run one after the other on real fields, beside what their arithmetic would take where
 * nothing came between (dagpole_plan_arithmetic), and what is moved at the rate of memory. */
#include "perf.h"

#include "api/internal.h"

static void show(const perf_plan *p, const dagpole_arithmetic *a, int op, double roof_s,
                 dp_figure seconds, perf_table *t) {
    dagpole_report report = perf_plan_report(p);
    perf_scene_row(p->scene, t);
    perf_cells(t, COUNT("k", report.expansion_size), COUNT("n_crit", report.n_crit),
               WORD("precision", dp_precision_name(p->plan->graph->problem.precision)),
               WORD("operator", dagpole_operator_name((dagpole_operator)op)),
               FIGURE("seconds", seconds), REAL("gflops", 1e-9 * a->flops[op] / seconds.median),
               REAL("gpairs_s", 1e-9 * a->pairs[op] / seconds.median),
               REAL("roof_%", 100 * roof_s / seconds.median),
               REAL("model_%", 100 * a->model_s[op] / seconds.median));
    perf_row_end(t);
}

static void measure(perf_plan *p, double triad, perf_table *t) {
    static double seconds[DAGPOLE_N_OPERATORS][DP_MOST_PASSES];
    const perf_scene *s = p->scene;
    dagpole_arithmetic a = {.size = sizeof a};
    perf_plan_evaluate(p, s->charged); /* touches memory for the others */
    for (int run = 0; run < s->chosen->runs; run++) {
        perf_plan_evaluate(p, s->charged);
        for (int op = 0; op < DAGPOLE_N_OPERATORS; op++)
            seconds[op][run] = perf_plan_report(p).operator_s[op];
    }
    perf_plan_check(p, s->charged);
    perf_try(dagpole_plan_arithmetic(p->plan, s->chosen->has_gradients, &a));
    for (int op = 0; op < DAGPOLE_N_OPERATORS; op++) {
        int is_moved = op == DAGPOLE_GATHER || op == DAGPOLE_SCATTER; /* index, value, value */
        double roof_s = is_moved ? 24e-9 * (double)s->n / triad : a.roof_s[op];
        if (roof_s > 0)
            show(p, &a, op, roof_s, dp_figure_of(s->chosen->runs, seconds[op]), t);
    }
}

int bench_operators(const perf_choice *o, perf_table *t) {
    dagpole_context *context = perf_context(0, 1);
    double triad = bench_best("peak triad", dp_isa_best());
    for (perf_scene *s = NULL; (s = perf_next(o, s)) != NULL;) {
        perf_plan p = perf_plan_create(context, s, 0, o->has_gradients);
        measure(&p, triad, t);
        perf_plan_destroy(&p);
    }
    dagpole_context_destroy(context);
    return 0;
}

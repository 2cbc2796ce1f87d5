/* The leaf size that the cost model chooses, against others around it. */
#include "perf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tried {
    int n_crit;
    double seconds[DP_MOST_PASSES]; /* of an evaluation, by round */
    dp_figure figure;
} tried;

static double evaluate(const perf_scene *s, int *n_crit) {
    sweep_outcome out;
    if (!sweep_run(s, *n_crit, 1, &out))
        exit(EXIT_FAILURE); /* it has said why */
    *n_crit = out.n_crit;
    return out.time[s->chosen->has_gradients ? SWEEP_GRADIENTS : SWEEP_EVALUATE].median;
}

static void show(const perf_scene *s, int n, const tried *all, perf_table *t) {
    const tried *best = &all[0];
    char name[32];
    for (int i = 1; i < n; i++)
        best = all[i].figure.median < best->figure.median ? &all[i] : best;
    perf_scene_row(s, t);
    perf_cells(t, COUNT("chosen", all[0].n_crit), FIGURE("chosen_s", all[0].figure),
               COUNT("best", best->n_crit), FIGURE("best_s", best->figure),
               REAL("chosen_over_best", all[0].figure.median / best->figure.median));
    for (int i = 1; i < n; i++) {
        snprintf(name, sizeof name, t->is_json ? "s_%d" : "%d", all[i].n_crit);
        perf_cells(t, REAL(name, all[i].figure.median));
    }
    perf_row_end(t);
}

int sweep_leaves(const perf_choice *o, perf_table *t) {
    double factor[PERF_LIST + 1];
    int n = 1 + perf_numbers("leaves", o->leaves, 0.01, 100, 0, factor + 1);
    tried *all = perf_alloc((size_t)n, sizeof *all);
    for (perf_scene *s = NULL; (s = perf_next(o, s)) != NULL;) {
        for (int i = 0; i < o->runs * n; i++) { /* in turn: a slow minute slows all */
            tried *at = &all[i % n];
            at->n_crit = i % n ? (int)fmin(fmax(factor[i % n] * all[0].n_crit, 1), 100000) : 0;
            at->seconds[i / n] = evaluate(s, &at->n_crit);
        }
        for (int i = 0; i < n; i++)
            all[i].figure = dp_figure_of(o->runs, all[i].seconds);
        show(s, n, all, t);
    }
    free(all);
    return 0;
}

/* The leaf size that the cost model chooses, against others around it. The root cube is the model's
 * for each. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tried {
    int n_crit;
    double seconds[DP_MOST_PASSES]; /* of an evaluation, by round */
    dp_figure figure;
} tried;

static double evaluate(const sweep_case *c, int *n_crit) {
    sweep_outcome out;
    int has_gradients = c->scene->chosen->has_gradients;
    if (!sweep_run(c, &out))
        exit(EXIT_FAILURE); /* it has said why */
    *n_crit = has_gradients ? out.gradient.n_crit : out.report.n_crit;
    return has_gradients ? out.gradients.median : out.evaluate.median;
}

static void show(const sweep_case *c, int n, const tried *all, perf_table *t) {
    const tried *best = &all[0];
    char name[32];
    for (int i = 1; i < n; i++)
        best = all[i].figure.median < best->figure.median ? &all[i] : best;
    perf_row_begin(t);
    perf_scene_cells(c->scene, c->charged, t);
    perf_count(t, "digits", c->digits);
    perf_count(t, "chosen", all[0].n_crit);
    perf_figure(t, "chosen_s", all[0].figure);
    perf_count(t, "best", best->n_crit);
    perf_figure(t, "best_s", best->figure);
    perf_real(t, "chosen_over_best", all[0].figure.median / best->figure.median);
    for (int i = 1; i < n; i++) {
        snprintf(name, sizeof name, t->is_json ? "s_%d" : "%d", all[i].n_crit);
        perf_real(t, name, all[i].figure.median);
    }
    perf_row_end(t);
}

/* All in turn, round by round, so that a machine that slows down slows all of them. */
static int visit(const perf_scene *s, perf_table *t) {
    double factor[PERF_LIST + 1];
    int n = 1 + perf_numbers("leaves", s->chosen->leaves, 0.01, 100, 0, factor + 1),
        rounds = s->chosen->runs;
    tried *all = perf_alloc((size_t)n, sizeof *all);
    for (int d = 0; d < s->n_digits; d++) {
        sweep_case c = {s, &s->kind[0], (int)s->digits[d], (int)s->threads[0], 0, 1};
        for (int i = 0; i < rounds * n; i++) {
            tried *at = &all[i % n];
            c.n_crit = i % n ? (int)fmin(fmax(factor[i % n] * all[0].n_crit, 1), 100000) : 0;
            at->seconds[i / n] = evaluate(&c, &at->n_crit);
        }
        for (int i = 0; i < n; i++)
            all[i].figure = dp_figure_of(rounds, all[i].seconds);
        show(&c, n, all, t);
    }
    free(all);
    return 0;
}

int sweep_leaves(const perf_choice *o, perf_table *t) {
    return perf_each(o, t, visit);
}

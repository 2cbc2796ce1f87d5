#include "panels.h"

#include <math.h>
#include <stdlib.h>

enum { N_RUNS = 5 };
#define RUN_S 4e-3 /* how long one run takes, about */

typedef struct bench bench;
struct bench {
    const dp_operators *operators;
    int level;
    dp_scratch scratch;
    dp_columns columns;
    double flops; /* of one pass */
    void (*pass)(bench *b, int64_t repeats);
};

static double flops_of(const dp_panel *panel) {
    return 2.0 * panel->m * panel->n * DP_COLUMNS;
}

/* Every folded position in turn, each many times. */
static void pass_m2l(bench *b, int64_t repeats) {
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int64_t i = 0; i < repeats; i++)
            dp_m2l(b->operators->level[b->level], f, &b->columns, &b->scratch);
}

static void pass_m2m(bench *b, int64_t repeats) {
    const dp_operators *o = b->operators;
    for (int64_t i = 0; i < repeats; i++)
        dp_m2m(o->level[b->level], o->level[b->level + 1], o->below[b->level], &b->columns,
               &b->scratch);
}

static void pass_l2l(bench *b, int64_t repeats) {
    const dp_operators *o = b->operators;
    for (int64_t i = 0; i < repeats; i++)
        dp_l2l(o->level[b->level], o->level[b->level + 1], o->below[b->level], &b->columns,
               &b->scratch);
}

static double sum_of_targets(bench *b) {
    double sum = 0;
    for (int c = 0; c < DP_COLUMNS; c++)
        for (int i = 0; i < b->operators->level[b->level]->k; i++)
            sum += fabs(b->columns.target[c][i]);
    return sum;
}

static void clear_targets(bench *b) {
    for (int c = 0; c < DP_COLUMNS; c++)
        for (int i = 0; i < b->scratch.ld; i++)
            b->columns.target[c][i] = 0;
}

/* Results add up: two passes give twice as much as one. */
static void check(bench *b) {
    clear_targets(b);
    b->pass(b, 1);
    double one = sum_of_targets(b);
    b->pass(b, 1);
    perf_require(one > 0 && fabs(sum_of_targets(b) - 2 * one) <= 1e-12 * one, "a panel");
}

static perf_figure measure(bench *b, void (*pass)(bench *, int64_t), double flops) {
    double rate[N_RUNS];
    b->pass = pass;
    check(b);
    double begin = perf_own_clock();
    pass(b, 4);
    int64_t repeats = 1 + (int64_t)(4 * RUN_S / (perf_own_clock() - begin));
    for (int run = 0; run < N_RUNS; run++) {
        clear_targets(b);
        begin = perf_own_clock();
        pass(b, repeats);
        rate[run] = 1e-9 * flops * (double)repeats / (perf_own_clock() - begin);
    }
    return perf_figure_of(N_RUNS, rate);
}

perf_panels perf_panels_measure(const dp_operators *operators, int level) {
    bench b = {
        .operators = operators, .level = level, .columns = {.n = DP_COLUMNS, .reflection = 5}};
    const dp_operator_set *set = operators->level[level];
    perf_panels p;
    double m2l = 0;
    perf_try(dp_scratch_create(operators, &b.scratch));
    for (int c = 0; c < DP_COLUMNS; c++) {
        double *source = dp_alloc((size_t)b.scratch.ld, sizeof(double));
        b.columns.source[c] = source;
        b.columns.target[c] = dp_alloc((size_t)b.scratch.ld, sizeof(double));
        if (!source || !b.columns.target[c])
            perf_try(DAGPOLE_NO_MEMORY);
        for (int i = 0; i < b.scratch.ld; i++)
            source[i] = 1 / (1.0 + i + c);
    }
    for (int f = 0; f < DP_N_FOLDED; f++)
        m2l += DP_COLUMNS * dp_m2l_flops(set, f);
    p.m2l = measure(&b, pass_m2l, m2l);
    p.m2m = measure(&b, pass_m2m, flops_of(&operators->below[level]->m2m));
    p.l2l = measure(&b, pass_l2l, flops_of(&operators->below[level]->l2l));
    for (int c = 0; c < DP_COLUMNS; c++) {
        dp_free((double *)b.columns.source[c]);
        dp_free(b.columns.target[c]);
    }
    dp_scratch_free(&b.scratch);
    return p;
}

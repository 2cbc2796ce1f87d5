/* Every loop that computes, in one registry. A loop is checked and timed for each kernel, precision
 * and instruction set by being entered in the table below. Its check: what it leaves in `out` is
 * what the portable loop leaves there in double, as far as the precision goes. (The portable loops
 * themselves are held against scalar sums by tests/kernel and tests/operators.) */
#include "perf.h"

#include "kernel/peak.h"
#include "operators/apply.h"
#include "platform/directory.h"
#include "platform/env.h"
#include "tuning/pairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STRIDE = 768, /* of columns: an expansion of 12 digits and more */
    OUT_ROWS = 8,
    OUT_ROOM = STRIDE * DP_COLUMNS / OUT_ROWS,
    N_NUMBERS = 320 * 320,
    MOST_SIZES = 5
};

typedef struct loop loop;

/* What loops work on: the same numbers for all, between 0 and 1. */
typedef struct loop_data {
    const loop *loop;
    const dp_kernel *kernel;
    dp_isa isa;
    dp_precision precision;
    int has_gradient, n;   /* n: the size */
    double count, rounded; /* of what a repeat does, and what its floats may err by: M2L's */
    double number[N_NUMBERS], flip[STRIDE];
    double out[OUT_ROWS][OUT_ROOM]; /* pairs: potential and gradient of one set, then the other */
    dp_pairs pairs;
    dp_panel panel;
    dp_operators *operators;
    dp_scratch scratch;
    dp_columns columns;
    double *memory;
} loop_data;

struct loop {
    const char *name, *unit;
    double factor;      /* a repeat does factor x n^power of the unit */
    int power, variant; /* variant: of those that share a function */
    int is_of_kernel, n_precisions, has_gradients;
    const int *sizes;              /* up to a 0 */
    void (*prepare)(loop_data *d); /* may be NULL */
    void (*run)(loop_data *d, int64_t repeats);
};

/* ---- pairs, and the strips of points behind near ones ---------------------------------------- */

static void prepare_pairs(loop_data *d) {
    dp_pairs_request request = {.kernel = d->kernel,
                                .isa = d->isa,
                                .precision = d->precision,
                                .is_mutual = d->loop->variant > 0,
                                .shape = dp_shape_of_charges(d->loop->variant + !d->loop->variant),
                                .n_sums = d->has_gradient ? DP_GRADIENT : DP_POTENTIAL};
    perf_try(dp_pairs_create(&request, &d->pairs));
    d->pairs.n = d->n;
    dp_pairs_pack(&d->pairs, 0);
}

static void keep_sums(loop_data *d) {
    for (int row = 0; row < OUT_ROWS; row++)
        memcpy(d->out[row], d->pairs.sums[row / 4][row % 4], sizeof d->pairs.sums[0][0]);
}

static void run_near(loop_data *d, int64_t repeats) {
    dp_pairs_run_near(&d->pairs, repeats);
    keep_sums(d);
}

static void run_to_surface(loop_data *d, int64_t repeats) {
    dp_pairs_run_to_surface(&d->pairs, repeats);
    memcpy(d->out[0], d->pairs.potential, sizeof d->pairs.potential);
}

static void run_from_surface(loop_data *d, int64_t repeats) {
    dp_pairs_run_from_surface(&d->pairs, repeats);
    keep_sums(d);
}

static void run_direct(loop_data *d, int64_t repeats) {
    dp_p2p_fn sum = d->loop->variant ? d->kernel->squares[d->isa] : d->kernel->p2p[d->isa];
    dp_soa targets = dp_pairs_points(&d->pairs, 0), sources = dp_pairs_points(&d->pairs, 1);
    for (int64_t i = 0; i < repeats; i++)
        sum(d->pairs.request.lambda, d->n, targets, dp_pairs_sums(&d->pairs, 0), d->n, sources,
            (dp_carried){.charge = d->pairs.point[1][3]});
    keep_sums(d);
}

/* Its rows are looked at after the last repeat. */
static void run_pack(loop_data *d, int64_t repeats) {
    const dp_strip *s = &d->pairs.strip[0];
    for (int64_t i = 0; i < repeats; i++)
        dp_pairs_pack(&d->pairs, 0);
    for (int i = 0; i < d->n; i++) {
        d->out[0][i] =
            s->is_single ? s->frame.centre[0] + s->frame.half * (double)s->x_f[i] : s->x[i];
        d->out[1][i] = s->is_single ? (double)s->carried_f[i] : s->carried[i];
    }
}

static void run_take(loop_data *d, int64_t repeats) {
    dp_strip *s = &d->pairs.strip[0];
    for (int i = 0; i < d->n; i++)
        if (s->is_single)
            s->sums_f[i] = (float)(d->number[i] * s->frame.half);
        else
            s->sums[i] = d->number[i];
    for (int64_t i = 0; i < repeats; i++)
        dp_strip_take(s);
    keep_sums(d);
}

/* ---- packed matrices ------------------------------------------------------------------------ */

static void prepare_panel(loop_data *d) {
    perf_try(dp_panel_pack(d->isa, 0, d->n, d->n, d->number, d->n, &d->panel));
}

static void run_panel_from(loop_data *d, int64_t repeats) {
    const dp_ranges all = {1, {{0, d->n, 0}}};
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_apply_from(d->isa, &d->panel, &all, DP_COLUMNS, d->columns.source, d->out[0],
                            STRIDE);
}

static void run_panel_add(loop_data *d, int64_t repeats) {
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_apply_add(d->isa, &d->panel, DP_COLUMNS, d->number, STRIDE, d->columns.target,
                           d->flip);
}

static void run_columns_add(loop_data *d, int64_t repeats) {
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_add(d->isa, d->n, DP_COLUMNS, d->number, STRIDE, d->columns.target, d->flip);
}

/* ---- M2L, M2M, L2L with full batches and matrices at hand: sizes are digits ---- */

enum { LEVEL = 2 }; /* its boxes and their children carry expansions */

static void prepare_operators(loop_data *d) {
    char message[DP_ERROR_TEXT_BYTES], cache_dir[DP_PATH_BYTES];
    dp_env_cache_dir(cache_dir, sizeof cache_dir);
    dp_operators_request request = {.kernel = dp_kernel_get(DAGPOLE_LAPLACE),
                                    .side = 1,
                                    .depth = LEVEL + 1,
                                    .accuracy = dp_accuracy_for_digits(d->n),
                                    .isa = d->isa,
                                    .cache_dir = cache_dir};
    perf_try(dp_operators_create(&dp_team_serial, &request, message, &d->operators));
    perf_try(dp_scratch_create(d->operators, 0, &d->scratch));
    if (d->operators->level[LEVEL]->k_padded > STRIDE)
        perf_fail("expansions of %d digits are too long for the benchmark", d->n);
}

static void prepare_m2l(loop_data *d) {
    prepare_operators(d);
    d->rounded = dp_accuracy_for_digits(d->n).tolerance;
    for (int f = 0; f < DP_N_FOLDED; f++)
        d->count += DP_COLUMNS * dp_m2l_flops(d->operators->level[LEVEL], f);
}

/* Every folded position in turn, each many times. */
static void run_m2l(loop_data *d, int64_t repeats) {
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int64_t i = 0; i < repeats; i++)
            dp_m2l(d->operators->level[LEVEL], f, &d->columns, &d->scratch);
}

static void prepare_transfer(loop_data *d) {
    prepare_operators(d);
    d->count = DP_COLUMNS * dp_panel_flops(&d->operators->below[LEVEL]->m2m);
}

static void run_transfer(loop_data *d, int64_t repeats) {
    const dp_operators *o = d->operators;
    for (int64_t i = 0; i < repeats; i++)
        (d->loop->variant ? dp_l2l : dp_m2m)(o->level[LEVEL], o->level[LEVEL + 1], o->below[LEVEL],
                                             &d->columns, &d->scratch);
}

/* ---- what one core can do at most ---- */

enum { PEAK_STEPS = 1000, MILLION = 1000000 };

static void prepare_peak(loop_data *d) {
    double left;
    d->count = dp_peak_run(d->isa, PEAK_STEPS, &left);
}

static void run_peak(loop_data *d, int64_t repeats) {
    double left; /* how far the chains of multiply-adds end from 1 */
    dp_peak_run(d->isa, PEAK_STEPS * repeats, &left);
    d->out[0][0] = 1 + left;
}

static void prepare_triad(loop_data *d) {
    d->memory = perf_alloc((size_t)3 * (size_t)d->n * MILLION, sizeof(double));
    for (int64_t i = 0; i < 3 * (int64_t)d->n * MILLION; i++)
        d->memory[i] = 1;
}

static void run_triad(loop_data *d, int64_t repeats) {
    int64_t n = (int64_t)d->n * MILLION;
    double *a = d->memory, *b = a + n, *c = b + n;
    for (int64_t k = 0; k < repeats; k++)
        for (int64_t i = 0; i < n; i++)
            a[i] = b[i] + (3 + (double)k) * c[i];
    d->out[0][0] = a[n - 1];
}

/* ---- the registry --------------------------------------------------------------------------- */

static const int leaves[] = {30, 60, 90, 128, 250, 0}, short_leaves[] = {30, 60, 90, 128, 0};
static const int orders[] = {16, 64, 160, 320, 0};
static const int digits[] = {3, 6, 9, 12, 0}, steps[] = {PEAK_STEPS, 0}, millions[] = {8, 0};

enum { P = DP_N_PRECISIONS, V = DP_STRIP_VECTORS, C = DP_COLUMNS };

/* name, unit, what a repeat does (a pair that is computed for both sides counts twice), variant, 1
 * where it is the kernel's, precisions, 1 where it has gradients, sizes, functions. */
static const loop loops[] = {
    {"peak FMA", "GFlop/s", 0, 0, 0, 0, 1, 0, steps, prepare_peak, run_peak},
    {"peak triad", "GB/s", 24e6, 1, 0, 0, 1, 0, millions, prepare_triad, run_triad},
    {"one-sided", "Gpairs/s", 1, 2, 0, 1, P, 1, leaves, prepare_pairs, run_near},
    {"mutual", "Gpairs/s", 2, 2, 1, 1, P, 1, leaves, prepare_pairs, run_near},
    {"vectors", "Gpairs/s", 2 * V, 2, V, 1, P, 1, short_leaves, prepare_pairs, run_near},
    {"to surface", "Gpairs/s", DP_PAIRS_IMAGES, 1, 0, 1, P, 0, leaves, prepare_pairs,
     run_to_surface},
    {"from surface", "Gpairs/s", DP_PAIRS_IMAGES, 1, 0, 1, P, 1, leaves, prepare_pairs,
     run_from_surface},
    {"direct", "Gpairs/s", 1, 2, 0, 1, 1, 1, leaves, prepare_pairs, run_direct},
    {"squares", "Gpairs/s", 1, 2, 1, 1, 1, 1, leaves, prepare_pairs, run_direct},
    {"pack strip", "Gpoints/s", 1, 1, 0, 0, P, 0, leaves, prepare_pairs, run_pack},
    {"take strip", "Gpoints/s", 1, 1, 0, 0, P, 0, leaves, prepare_pairs, run_take},
    {"panel from", "GFlop/s", 2 * C, 2, 0, 0, 1, 0, orders, prepare_panel, run_panel_from},
    {"panel add", "GFlop/s", 2 * C, 2, 0, 0, 1, 0, orders, prepare_panel, run_panel_add},
    {"columns add", "G/s", C, 1, 0, 0, 1, 0, orders, NULL, run_columns_add},
    {"M2L", "GFlop/s", 0, 0, 0, 0, 1, 0, digits, prepare_m2l, run_m2l},
    {"M2M", "GFlop/s", 0, 0, 0, 0, 1, 0, digits, prepare_transfer, run_transfer},
    {"L2L", "GFlop/s", 0, 0, 1, 0, 1, 0, digits, prepare_transfer, run_transfer},
};
enum { N_LOOPS = sizeof loops / sizeof loops[0] };

static void fill(loop_data *d) {
    for (int i = 0; i < N_NUMBERS; i++)
        d->number[i] = dp_spread(0, i);
    for (int i = 0; i < STRIDE; i++)
        d->flip[i] = dp_spread(1, i) < 0.5 ? -0. : 0.;
    d->columns = (dp_columns){.n = DP_COLUMNS, .reflection = 5};
    for (int c = 0; c < DP_COLUMNS; c++) {
        d->columns.later[c] = d->columns.source[c] = d->number + c * STRIDE;
        d->columns.target[c] = d->out[0] + c * STRIDE;
    }
}

static void prepare(loop_data *d) {
    memset(d->out, 0, sizeof d->out);
    d->count = d->loop->factor * pow(d->n, d->loop->power);
    d->rounded = 0;
    if (d->loop->prepare)
        d->loop->prepare(d);
}

/* What the loop did not make is zero. */
static void release(loop_data *d) {
    dp_pairs_free(&d->pairs);
    dp_panel_free(&d->panel);
    dp_scratch_free(&d->scratch);
    dp_operators_destroy(d->operators);
    d->operators = NULL;
    free(d->memory);
    d->memory = NULL;
}

static void run_once(loop_data *d, dp_isa isa, dp_precision precision) {
    d->isa = isa;
    d->precision = precision;
    prepare(d);
    d->loop->run(d, 1);
    release(d);
}

/* The largest error of n numbers, over the largest of those that are right. */
static double error_of(int n, const double *is, const double *right) {
    double error = 0, largest = 0;
    for (int i = 0; i < n; i++) {
        error = fabs(is[i] - right[i]) <= error ? error : fabs(is[i] - right[i]); /* NaN stays */
        largest = fmax(largest, fabs(right[i]));
    }
    return largest > 0 ? error / largest : error;
}

static void check(loop_data *d) {
    static const double tolerance[] = {1e-13, 10 * DP_REDUCED_ERROR, 10 * DP_SINGLE_ERROR,
                                       3 * DP_ROUGH_ERROR};
    static const int part[] = {0, 1, 4, 5, OUT_ROWS}; /* potentials and gradients of two sides */
    static double right[OUT_ROWS][OUT_ROOM];
    dp_isa isa = d->isa;
    dp_precision precision = d->precision;
    run_once(d, DP_ISA_PORTABLE, DP_DOUBLE);
    memcpy(right, d->out, sizeof right);
    run_once(d, isa, precision);
    for (int i = 0; i < 4; i++) {
        int n = (part[i + 1] - part[i]) * OUT_ROOM;
        double error = error_of(n, &d->out[part[i]][0], &right[part[i]][0]);
        if (!(error <= tolerance[precision] + d->rounded))
            perf_fail("%s, %s, %s, %s, size %d: an error of %.2g", d->loop->name, d->kernel->name,
                      dp_precision_name(precision), dp_isa_name(isa), d->n, error);
    }
}

static void work(void *argument, int64_t repeats) {
    ((loop_data *)argument)->loop->run(argument, repeats);
}

enum { N_RUNS = 5 };
#define RUN_S 4e-3

/* Billions a second. */
static dp_figure rate_of(loop_data *d) {
    prepare(d);
    dp_figure s = dp_loop_seconds(work, d, RUN_S, N_RUNS);
    double slowest = s.least + s.spread * s.median, count = 1e-9 * d->count;
    release(d);
    return (dp_figure){count / s.median, count / slowest, s.median / s.least - s.median / slowest};
}

/* All sizes; returns how many, and the index of the fastest. */
static int measure(loop_data *d, dp_figure rate[MOST_SIZES], int *best) {
    int n = 0;
    for (*best = 0; n < MOST_SIZES && d->loop->sizes[n]; n++) {
        d->n = d->loop->sizes[n];
        check(d);
        rate[n] = rate_of(d);
        if (rate[n].median > rate[*best].median)
            *best = n;
    }
    return n;
}

static void start(loop_data *d, const loop *l, const dp_kernel *kernel, dp_isa isa) {
    fill(d);
    d->loop = l;
    d->kernel = kernel;
    d->isa = isa;
}

double bench_best(const char *name, dp_isa isa) {
    static loop_data d;
    dp_figure rate[MOST_SIZES];
    int i = 0, best;
    while (i < N_LOOPS - 1 && !strstr(loops[i].name, name))
        i++;
    start(&d, &loops[i], dp_kernel_get(DAGPOLE_LAPLACE), isa);
    measure(&d, rate, &best);
    return rate[best].median;
}

/* One line: the best rate, and those of the sizes as percentages of it, or of the FMA peak. */
static void show(loop_data *d, double fma_peak, perf_table *t) {
    dp_figure rate[MOST_SIZES];
    int best, n = measure(d, rate, &best), is_flops = strcmp(d->loop->unit, "GFlop/s") == 0;
    double roof = is_flops ? fma_peak : rate[best].median;
    char name[32];
    perf_row_begin(t);
    perf_cells(t, WORD("loop", d->loop->name),
               WORD("kernel", d->loop->is_of_kernel ? d->kernel->name : "any"),
               WORD("precision", dp_precision_name(d->precision)),
               WORD("gradients", d->has_gradient ? "yes" : "no"), WORD("isa", dp_isa_title(d->isa)),
               FIGURE("best", rate[best]), WORD("unit", d->loop->unit));
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s_%d", t->is_json ? "rate" : "%", d->loop->sizes[i]);
        perf_cells(t, REAL(name, t->is_json ? rate[i].median : 100 * rate[i].median / roof));
    }
    perf_row_end(t);
}

/* In all precisions, without and with gradients. Returns how many lines that were. */
static int show_all(const loop *l, const dp_kernel *kernel, dp_isa isa, double fma_peak,
                    perf_table *t) {
    static loop_data d;
    int n = l->n_precisions * (1 + l->has_gradients);
    start(&d, l, kernel, isa);
    for (int i = 0; i < n; i++) {
        d.precision = (dp_precision)(i % l->n_precisions);
        d.has_gradient = i / l->n_precisions;
        show(&d, fma_peak, t);
    }
    return n;
}

/* A loop that is no kernel's runs with the first. */
static int is_chosen(const perf_choice *o, const loop *l, const dp_kernel *kernel) {
    char name[64];
    snprintf(name, sizeof name, "%s %s", l->name, l->is_of_kernel ? kernel->name : "");
    return (l->is_of_kernel || kernel->id == 0) && (!o->only || strstr(name, o->only));
}

int bench_loops(const perf_choice *o, perf_table *t) {
    const dp_kernel *kernel;
    dp_isa isa[DP_N_ISA];
    int n = perf_isas(o->isa, isa), n_shown = 0;
    for (int i = 0; i < n; i++) {
        double fma_peak = bench_best("peak FMA", isa[i]);
        for (const loop *l = loops; l < loops + N_LOOPS; l++)
            for (int id = 0; (kernel = dp_kernel_number(id)) != NULL; id++)
                if (kernel->near[DP_DOUBLE][isa[i]] && is_chosen(o, l, kernel))
                    n_shown += show_all(l, kernel, isa[i], fma_peak, t);
    }
    if (n_shown == 0)
        perf_fail("'%s' is in no loop's name", o->only);
    return 0;
}

/* Every loop that computes, in one registry. A loop is checked and timed for each kernel, precision
 * and instruction set by being entered in the table below. Its check: what it leaves in `out` is
 * what the portable loop leaves there in double, as far as the precision goes. (The portable loops
 * themselves are held against scalar sums by tests/kernel and tests/operators.) */
#include "bench.h"

#include "kernel/strip.h"
#include "operators/apply.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROOM = 512, /* points */
    N_ORBITS = 32,
    N_IMAGES = 8 * N_ORBITS,
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
    int has_gradient, n; /* n: the size */
    double lambda;
    double point[2][4][ROOM]; /* x, y, z, charge of two sets of points */
    double orbit[3][N_ORBITS], number[N_NUMBERS], flip[STRIDE];
    double out[OUT_ROWS][OUT_ROOM]; /* pairs: potential and gradient of the first points, then those
                                       of the second */
    dp_strip strip[2];
    dp_panel panel;
    dp_operators *operators;
    dp_scratch scratch;
    dp_columns columns;
} loop_data;

struct loop {
    const char *name, *unit;
    int variant; /* of those that share a function */
    int is_of_kernel, n_precisions, has_gradients;
    const int *sizes;                /* up to a 0 */
    double (*prepare)(loop_data *d); /* returns what a repeat counts */
    void (*run)(loop_data *d, int64_t repeats);
    void (*release)(loop_data *d); /* may be NULL */
};

static dp_soa points_of(const loop_data *d, int side) {
    return (dp_soa){d->point[side][0], d->point[side][1], d->point[side][2]};
}

static dp_sums sums_of(loop_data *d, int side) {
    double(*row)[OUT_ROOM] = d->out + 4 * side;
    if (!d->has_gradient)
        return (dp_sums){.potential = row[0]};
    return (dp_sums){row[0], row[1], row[2], row[3]};
}

/* ---- near pairs: strips --------------------------------------------------------------------- */

static void pack(loop_data *d, int side) {
    static const dp_strip_frame frame = {{0.5, 0.5, 0.5}, 0.5, 1};
    dp_strip_begin(&d->strip[side], d->precision >= DP_SINGLE, &frame);
    dp_strip_add(&d->strip[side], d->n, points_of(d, side), d->point[side][3], sums_of(d, side));
    dp_strip_end(&d->strip[side], d->has_gradient);
}

static double prepare_strips(loop_data *d) {
    for (int side = 0; side < 2; side++) {
        perf_try(dp_strip_create(d->isa, &d->strip[side]));
        pack(d, side);
    }
    return d->n;
}

static void free_strips(loop_data *d) {
    for (int side = 0; side < 2; side++)
        dp_strip_free(&d->strip[side]);
}

/* A pair that is computed for both sides counts twice. */
static double prepare_near(loop_data *d) {
    return (1 + d->loop->variant) * prepare_strips(d) * d->n;
}

/* Sums pile up in the strips from repeat to repeat, the same ones each time. */
static void run_near(loop_data *d, int64_t repeats) {
    dp_near near = {.lambda = d->lambda,
                    .least = 1e-3,
                    .has_gradient = d->has_gradient,
                    .is_mutual = d->loop->variant,
                    .targets = &d->strip[0],
                    .sources = &d->strip[1]};
    for (int64_t i = 0; i < repeats; i++)
        d->kernel->near[d->precision][d->isa](&near);
    for (int side = 0; side < 2; side++)
        dp_strip_take(&d->strip[side]);
}

/* Its rows are looked at after the last repeat. */
static void run_pack(loop_data *d, int64_t repeats) {
    const dp_strip *s = &d->strip[0];
    for (int64_t i = 0; i < repeats; i++)
        pack(d, 0);
    for (int i = 0; i < d->n; i++) {
        d->out[0][i] =
            s->is_single ? s->frame.centre[0] + s->frame.half * (double)s->x_f[i] : s->x[i];
        d->out[1][i] = s->is_single ? (double)s->charge_f[i] : s->charge[i];
    }
}

static void run_take(loop_data *d, int64_t repeats) {
    dp_strip *s = &d->strip[0];
    for (int i = 0; i < d->n; i++)
        if (s->is_single)
            s->potential_f[i] = (float)(d->number[i] * s->frame.half);
        else
            s->potential[i] = d->number[i];
    for (int64_t i = 0; i < repeats; i++)
        dp_strip_take(s);
}

/* ---- points with a surface, and direct sums ------------------------------------------------- */

static const dp_frame frame = {{0.5, 0.5, 0.5}, 0.5};

static double prepare_orbits(loop_data *d) {
    return (double)d->n * N_IMAGES;
}

static void run_to_orbits(loop_data *d, int64_t repeats) {
    dp_orbits orbits = {N_ORBITS, d->orbit[0], d->orbit[1], d->orbit[2]};
    for (int64_t i = 0; i < repeats; i++)
        d->kernel->to_orbits[d->precision][d->isa](d->lambda, &orbits, d->out[0], N_ORBITS, &frame,
                                                   d->n, points_of(d, 0), d->point[0][3]);
}

static void run_from_orbits(loop_data *d, int64_t repeats) {
    dp_orbits orbits = {N_ORBITS, d->orbit[0], d->orbit[1], d->orbit[2]};
    for (int64_t i = 0; i < repeats; i++)
        d->kernel->from_orbits[d->precision][d->isa](d->lambda, &orbits, d->number, N_ORBITS,
                                                     &frame, d->n, points_of(d, 0), sums_of(d, 0));
}

static double prepare_direct(loop_data *d) {
    return (double)d->n * d->n;
}

static void run_direct(loop_data *d, int64_t repeats) {
    dp_p2p_fn sum = d->loop->variant ? d->kernel->squares[d->isa] : d->kernel->p2p[d->isa];
    for (int64_t i = 0; i < repeats; i++)
        sum(d->lambda, d->n, points_of(d, 0), sums_of(d, 0), d->n, points_of(d, 1), d->point[1][3]);
}

/* ---- packed matrices ------------------------------------------------------------------------ */

static void point_columns(loop_data *d, double *target[DP_COLUMNS]) {
    for (int c = 0; c < DP_COLUMNS; c++)
        target[c] = d->out[0] + c * STRIDE;
}

static double prepare_panel(loop_data *d) {
    perf_try(dp_panel_pack(d->isa, d->n, d->n, d->number, d->n, &d->panel));
    return 2. * d->n * d->n * DP_COLUMNS;
}

static void free_panel(loop_data *d) {
    dp_panel_free(&d->panel);
}

static void run_panel_from(loop_data *d, int64_t repeats) {
    const dp_ranges all = {1, {{0, d->n, 0}}};
    const double *source[DP_COLUMNS];
    for (int c = 0; c < DP_COLUMNS; c++)
        source[c] = d->number + c * STRIDE;
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_apply_from(d->isa, &d->panel, &all, DP_COLUMNS, source, d->out[0], STRIDE);
}

static void run_panel_add(loop_data *d, int64_t repeats) {
    double *target[DP_COLUMNS];
    point_columns(d, target);
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_apply_add(d->isa, &d->panel, DP_COLUMNS, d->number, STRIDE, target, d->flip);
}

static double prepare_columns(loop_data *d) {
    return (double)d->n * DP_COLUMNS;
}

static void run_columns_add(loop_data *d, int64_t repeats) {
    double *target[DP_COLUMNS];
    point_columns(d, target);
    for (int64_t i = 0; i < repeats; i++)
        dp_panel_add(d->isa, d->n, DP_COLUMNS, d->number, STRIDE, target, d->flip);
}

/* ---- M2L, M2M, L2L with full batches and matrices at hand: sizes are digits -------------------
 */

enum { LEVEL = 2 }; /* its boxes and their children carry expansions */

static void prepare_operators(loop_data *d) {
    char message[DP_ERROR_TEXT_BYTES];
    dagpole_machine machine = {.size = sizeof machine};
    perf_try(dagpole_machine_query(NULL, &machine));
    dp_operators_request request = {.kernel = dp_kernel_get(DAGPOLE_LAPLACE),
                                    .side = 1,
                                    .depth = LEVEL + 1,
                                    .accuracy = dp_accuracy_for_digits(d->n),
                                    .isa = d->isa,
                                    .cache_dir = machine.cache_dir};
    perf_try(dp_operators_create(&dp_team_serial, &request, message, &d->operators));
    perf_try(dp_scratch_create(d->operators, &d->scratch));
    if (d->operators->level[LEVEL]->k_padded > STRIDE)
        perf_fail("expansions of %d digits are too long for the benchmark", d->n);
    d->columns.n = DP_COLUMNS;
    d->columns.reflection = 5;
    point_columns(d, d->columns.target);
    for (int c = 0; c < DP_COLUMNS; c++)
        d->columns.source[c] = d->number + c * STRIDE;
}

static void free_operators(loop_data *d) {
    dp_scratch_free(&d->scratch);
    dp_operators_destroy(d->operators);
}

static double prepare_m2l(loop_data *d) {
    double flops = 0;
    prepare_operators(d);
    for (int f = 0; f < DP_N_FOLDED; f++)
        flops += DP_COLUMNS * dp_m2l_flops(d->operators->level[LEVEL], f);
    return flops;
}

/* Every folded position in turn, each many times. */
static void run_m2l(loop_data *d, int64_t repeats) {
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int64_t i = 0; i < repeats; i++)
            dp_m2l(d->operators->level[LEVEL], f, &d->columns, &d->scratch);
}

static double prepare_transfer(loop_data *d) {
    prepare_operators(d);
    const dp_panel *panel = &d->operators->below[LEVEL]->m2m;
    return 2. * panel->m * panel->n * DP_COLUMNS;
}

static void run_transfer(loop_data *d, int64_t repeats) {
    const dp_operators *o = d->operators;
    for (int64_t i = 0; i < repeats; i++)
        (d->loop->variant ? dp_l2l : dp_m2m)(o->level[LEVEL], o->level[LEVEL + 1], o->below[LEVEL],
                                             &d->columns, &d->scratch);
}

/* ---- the registry --------------------------------------------------------------------------- */

static const int leaves[] = {30, 60, 90, 128, 250, 0}, orders[] = {16, 64, 160, 320, 0};
static const int digits[] = {3, 6, 9, 12, 0};

/* name, unit, variant, 1 where it is the kernel's, precisions, 1 where it has gradients, sizes. */
static const loop loops[] = {
    {"one-sided", "Gpairs/s", 0, 1, DP_N_PRECISIONS, 1, leaves, prepare_near, run_near,
     free_strips},
    {"mutual", "Gpairs/s", 1, 1, DP_N_PRECISIONS, 1, leaves, prepare_near, run_near, free_strips},
    {"to surface", "Gpairs/s", 0, 1, DP_N_PRECISIONS, 0, leaves, prepare_orbits, run_to_orbits,
     NULL},
    {"from surface", "Gpairs/s", 0, 1, DP_N_PRECISIONS, 1, leaves, prepare_orbits, run_from_orbits,
     NULL},
    {"direct", "Gpairs/s", 0, 1, 1, 1, leaves, prepare_direct, run_direct, NULL},
    {"squares", "Gpairs/s", 1, 1, 1, 1, leaves, prepare_direct, run_direct, NULL},
    {"pack strip", "Gpoints/s", 0, 0, DP_N_PRECISIONS, 0, leaves, prepare_strips, run_pack,
     free_strips},
    {"take strip", "Gpoints/s", 0, 0, DP_N_PRECISIONS, 0, leaves, prepare_strips, run_take,
     free_strips},
    {"panel from", "GFlop/s", 0, 0, 1, 0, orders, prepare_panel, run_panel_from, free_panel},
    {"panel add", "GFlop/s", 0, 0, 1, 0, orders, prepare_panel, run_panel_add, free_panel},
    {"columns add", "G/s", 0, 0, 1, 0, orders, prepare_columns, run_columns_add, NULL},
    {"M2L", "GFlop/s", 0, 0, 1, 0, digits, prepare_m2l, run_m2l, free_operators},
    {"M2M", "GFlop/s", 0, 0, 1, 0, digits, prepare_transfer, run_transfer, free_operators},
    {"L2L", "GFlop/s", 1, 0, 1, 0, digits, prepare_transfer, run_transfer, free_operators},
};
enum { N_LOOPS = sizeof loops / sizeof loops[0] };

const char *bench_precision_name(dp_precision precision) {
    static const char *const names[] = {"double", "reduced", "single", "rough"};
    return names[precision];
}

static double uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static void fill(loop_data *d) {
    uint64_t state = 1;
    for (int row = 0; row < 8; row++)
        for (int i = 0; i < ROOM; i++)
            d->point[row / 4][row % 4][i] = uniform(&state);
    for (int i = 0; i < N_NUMBERS; i++)
        d->number[i] = uniform(&state);
    for (int i = 0; i < STRIDE; i++)
        d->flip[i] = uniform(&state) < 0.5 ? -0. : 0.;
    for (int o = 0; o < N_ORBITS; o++) /* on the surface of P2M and L2P */
        for (int k = 0; k < 3; k++)
            d->orbit[k][o] = o % 3 == k ? 2.95 : 2.95 * uniform(&state);
}

static void release(loop_data *d) {
    if (d->loop->release)
        d->loop->release(d);
}

static void run_once(loop_data *d, dp_isa isa, dp_precision precision) {
    d->isa = isa;
    d->precision = precision;
    memset(d->out, 0, sizeof d->out);
    d->loop->prepare(d);
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
        if (!(error <= tolerance[precision]))
            perf_fail("%s, %s, %s, %s, size %d: an error of %.2g", d->loop->name, d->kernel->name,
                      bench_precision_name(precision), dp_isa_name(isa), d->n, error);
    }
}

static void work(void *argument, int64_t repeats) {
    loop_data *d = argument;
    d->loop->run(d, repeats);
}

static dp_figure measure(loop_data *d) {
    check(d);
    double count = d->loop->prepare(d);
    dp_figure rate = bench_rate(work, d, count);
    release(d);
    return rate;
}

/* All sizes; returns how many, and the index of the fastest. */
static int measure_sizes(loop_data *d, dp_figure rate[MOST_SIZES], int *best) {
    int n = 0;
    for (*best = 0; n < MOST_SIZES && d->loop->sizes[n]; n++) {
        d->n = d->loop->sizes[n];
        rate[n] = measure(d);
        if (rate[n].median > rate[*best].median)
            *best = n;
    }
    return n;
}

static loop_data *data_of(const loop *l, const dp_kernel *kernel, dp_isa isa,
                          dp_precision precision, int has_gradient) {
    static loop_data d;
    d.loop = l;
    d.kernel = kernel;
    d.isa = isa;
    d.precision = precision;
    d.has_gradient = has_gradient;
    d.lambda = kernel->is_homogeneous ? 0 : 1;
    fill(&d);
    return &d;
}

/* ---- command -------------------------------------------------------------------------------- */

/* One line: the best rate, and those of the sizes as percentages of it, or of the FMA peak. */
static void show(loop_data *d, double fma_peak, perf_table *t) {
    dp_figure rate[MOST_SIZES];
    int best, n = measure_sizes(d, rate, &best);
    int is_flops = strcmp(d->loop->unit, "GFlop/s") == 0;
    double roof = is_flops ? fma_peak : rate[best].median;
    char name[32];
    perf_row_begin(t);
    perf_word(t, "loop", d->loop->name);
    perf_word(t, "kernel", d->loop->is_of_kernel ? d->kernel->name : "any");
    perf_word(t, "precision", bench_precision_name(d->precision));
    perf_word(t, "gradients", d->has_gradient ? "yes" : "no");
    perf_word(t, "isa", dp_isa_name(d->isa));
    perf_figure(t, "best", rate[best]);
    perf_word(t, "unit", d->loop->unit);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s_%d", t->is_json ? "rate" : "%", d->loop->sizes[i]);
        perf_real(t, name, t->is_json ? rate[i].median : 100 * rate[i].median / roof);
    }
    if (t->is_json && is_flops)
        perf_real(t, "fma_peak", fma_peak);
    perf_row_end(t);
}

static void show_all(const loop *l, const dp_kernel *kernel, dp_isa isa, double fma_peak,
                     perf_table *t) {
    for (int gradient = 0; gradient <= l->has_gradients; gradient++)
        for (int p = 0; p < l->n_precisions; p++)
            show(data_of(l, kernel, isa, (dp_precision)p, gradient), fma_peak, t);
}

/* 1 where the kernel is asked for; a loop that is no kernel's runs with the first. */
static int is_chosen(const perf_choice *o, const loop *l, const dp_kernel *kernel) {
    perf_list kernels;
    if (o->only && !strstr(l->name, o->only))
        return 0;
    if (!l->is_of_kernel || strcmp(o->kernels, "all") == 0)
        return l->is_of_kernel || kernel->id == DAGPOLE_LAPLACE;
    perf_words(o->kernels, &kernels);
    for (int i = 0; i < kernels.n; i++)
        if (strcmp(kernels.word[i], kernel->name) == 0)
            return 1;
    return 0;
}

int bench_loops(const perf_choice *o, perf_table *t) {
    const dp_kernel *kernel;
    dp_isa isa[DP_N_ISA];
    int n = perf_isas(o->isas, isa), n_shown = 0;
    for (int i = 0; i < n; i++) {
        double fma_peak = bench_fma_peak(isa[i]).median;
        for (int l = 0; l < N_LOOPS; l++)
            for (int id = 0; (kernel = dp_kernel_get((dagpole_kernel)id)) != NULL; id++)
                if (is_chosen(o, &loops[l], kernel)) {
                    show_all(&loops[l], kernel, isa[i], fma_peak, t);
                    n_shown++;
                }
    }
    if (n_shown == 0)
        perf_fail("no loop is of that name and kernel");
    return 0;
}

/* The rates of the loops over pairs of points that lie in the first cache. */
#include "roofs.h"

#include "kernel/strip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_N PERF_P2P_MAX_N

typedef struct rows {
    double row[4][MAX_N]; /* x, y, z, charge; potential and gradient */
} rows;

typedef struct bench {
    const dp_kernel *kernel;
    dp_isa isa;
    perf_loop loop;
    int n, has_gradient;
    int64_t repeats;
    rows a, b, at_a, at_b;
    dp_strip strip_a, strip_b;
} bench;

static const double lambda = 1;

static dp_soa points_of(const rows *r) {
    return (dp_soa){r->row[0], r->row[1], r->row[2]};
}

static dp_sums sums_of(rows *r, int has_gradient) {
    if (!has_gradient)
        return (dp_sums){.potential = r->row[0]};
    return (dp_sums){r->row[0], r->row[1], r->row[2], r->row[3]};
}

static int is_mutual(perf_loop loop) {
    return loop >= PERF_MUTUAL;
}

static dp_precision precision_of(perf_loop loop) {
    return (dp_precision)(loop % DP_N_PRECISIONS);
}

static void pack(bench *p, const rows *from, rows *sums, dp_strip *to) {
    static const dp_strip_frame frame = {{0.5, 0.5, 0.5}, 0.5, 1};
    dp_strip_begin(to, precision_of(p->loop) >= DP_SINGLE, &frame);
    dp_strip_add(to, p->n, points_of(from), from->row[3], sums_of(sums, p->has_gradient));
    dp_strip_end(to, p->has_gradient);
}

/* Sums pile up in the strips from repeat to repeat, the same ones each time. */
static void run(void *argument) {
    bench *p = argument;
    dp_near near = {.lambda = lambda,
                    .least = 1e-3,
                    .has_gradient = p->has_gradient,
                    .is_mutual = is_mutual(p->loop),
                    .targets = &p->strip_a,
                    .sources = &p->strip_b};
    pack(p, &p->a, &p->at_a, &p->strip_a);
    pack(p, &p->b, &p->at_b, &p->strip_b);
    for (int64_t i = 0; i < p->repeats; i++)
        p->kernel->near[precision_of(p->loop)][p->isa](&near);
    dp_strip_take(&p->strip_a);
    dp_strip_take(&p->strip_b);
}

const char *perf_loop_name(perf_loop loop) {
    static const char *const names[] = {
        "one-sided, double",    "one-sided, reduced",    "one-sided, single",
        "one-sided, rough",     "mutual, double",        "mutual, reduced",
        "mutual, single",       "mutual, rough",         "to surface, double",
        "to surface, reduced",  "to surface, single",    "to surface, rough",
        "from surface, double", "from surface, reduced", "from surface, single",
        "from surface, rough"};
    return names[loop];
}

static void fill(bench *p) {
    srand(1);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < MAX_N; i++) {
            p->a.row[k][i] = rand() / (double)RAND_MAX;
            p->b.row[k][i] = rand() / (double)RAND_MAX;
        }
}

/* What the charges of `from` do at the points of `to`, against the scalar loops. */
static void check_side(bench *p, rows *sums, const rows *to, const rows *from) {
    static rows expected;
    static const double tolerances[] = {1e-14, 3 * DP_REDUCED_ERROR, 10 * DP_SINGLE_ERROR,
                                        3 * DP_ROUGH_ERROR};
    double error = 0, norm = 0, tolerance = tolerances[precision_of(p->loop)];
    memset(&expected, 0, sizeof expected);
    dp_p2p_ref(p->kernel, lambda, p->n, points_of(to), sums_of(&expected, p->has_gradient), p->n,
               points_of(from), from->row[3]);
    for (int k = 0; k < (p->has_gradient ? 4 : 1); k++)
        for (int j = 0; j < p->n; j++) {
            error = fmax(error, fabs(sums->row[k][j] - expected.row[k][j]));
            norm = fmax(norm, fabs(expected.row[k][j]));
        }
    perf_require(error <= tolerance * norm, perf_loop_name(p->loop));
}

static void check(bench *p) {
    memset(&p->at_a, 0, sizeof p->at_a);
    memset(&p->at_b, 0, sizeof p->at_b);
    p->repeats = 1;
    run(p);
    check_side(p, &p->at_a, &p->a, &p->b);
    if (is_mutual(p->loop))
        check_side(p, &p->at_b, &p->b, &p->a);
}

perf_figure perf_p2p_rate(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int n,
                          int has_gradient) {
    static bench p;
    if (loop >= PERF_TO_SURFACE)
        return perf_surface_rate(kernel, isa, loop, n, has_gradient);
    perf_try(dp_strip_create(isa, &p.strip_a));
    perf_try(dp_strip_create(isa, &p.strip_b));
    p.kernel = kernel;
    p.isa = isa;
    p.loop = loop;
    p.n = n;
    p.has_gradient = has_gradient;
    fill(&p);
    check(&p);
    perf_figure rate =
        perf_rate_of_calls(run, &p, &p.repeats, (is_mutual(loop) ? 2.0 : 1.0) * n * n);
    dp_strip_free(&p.strip_b);
    dp_strip_free(&p.strip_a);
    return rate;
}

double perf_p2p_roof(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int has_gradient) {
    static const int sizes[] = {96, 128, 240};
    double best = 0;
    for (int i = 0; i < 3; i++)
        best = fmax(best, perf_p2p_rate(kernel, isa, loop, sizes[i], has_gradient).median);
    return best;
}

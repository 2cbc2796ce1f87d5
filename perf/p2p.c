/* The rates of the loops over pairs of points that lie in the first cache. */
#include "roofs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_N    PERF_P2P_MAX_N
#define RUN_S    4e-3 /* how long one run takes, about */
#define N_TRIALS 20   /* calls to find out what one takes */

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

static void run_one_sided(bench *p, dp_p2p_fn sum) {
    for (int64_t i = 0; i < p->repeats; i++)
        sum(lambda, p->n, points_of(&p->a), sums_of(&p->at_a, p->has_gradient), p->n,
            points_of(&p->b), p->b.row[3]);
}

static void run_mutual(bench *p, dp_mutual_fn sum) {
    dp_side a = {p->n, points_of(&p->a), p->a.row[3], sums_of(&p->at_a, p->has_gradient)};
    dp_side b = {p->n, points_of(&p->b), p->b.row[3], sums_of(&p->at_b, p->has_gradient)};
    for (int64_t i = 0; i < p->repeats; i++)
        sum(lambda, a, b);
}

static void run(void *argument) {
    bench *p = argument;
    switch (p->loop) {
    case PERF_ONE_SIDED:
        run_one_sided(p, p->kernel->p2p[p->isa]);
        break;
    case PERF_ONE_SIDED_REDUCED:
        run_one_sided(p, p->kernel->p2p_reduced[p->isa]);
        break;
    case PERF_MUTUAL:
        run_mutual(p, p->kernel->mutual[p->isa]);
        break;
    default:
        run_mutual(p, p->kernel->mutual_reduced[p->isa]);
    }
}

const char *perf_loop_name(perf_loop loop) {
    static const char *const names[] = {"one-sided", "mutual", "one-sided, reduced",
                                        "mutual, reduced"};
    return names[loop];
}

static int is_mutual(perf_loop loop) {
    return loop == PERF_MUTUAL || loop == PERF_MUTUAL_REDUCED;
}

static int is_reduced(perf_loop loop) {
    return loop == PERF_ONE_SIDED_REDUCED || loop == PERF_MUTUAL_REDUCED;
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
    double error = 0, norm = 0, tolerance = is_reduced(p->loop) ? 3 * DP_REDUCED_ERROR : 1e-14;
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
    p.kernel = kernel;
    p.isa = isa;
    p.loop = loop;
    p.n = n;
    p.has_gradient = has_gradient;
    fill(&p);
    check(&p);
    p.repeats = N_TRIALS;
    double begin = perf_own_clock();
    run(&p);
    p.repeats = 1 + (int64_t)(RUN_S * N_TRIALS / (perf_own_clock() - begin));
    return perf_rate(run, &p, (is_mutual(loop) ? 2.0 : 1.0) * (double)p.repeats * n * n);
}

double perf_p2p_roof(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int has_gradient) {
    static const int sizes[] = {96, 128, 240};
    double best = 0;
    for (int i = 0; i < 3; i++)
        best = fmax(best, perf_p2p_rate(kernel, isa, loop, sizes[i], has_gradient).median);
    return best;
}

#include "tuning/roof.h"

#include <math.h>
#include <string.h>

#include "base/timing.h"
#include "kernel/peak.h"
#include "kernel/strip.h"
#include "model/accuracy.h"

/* The best of so many runs of so long counts. */
#define N_RUNS 4
#define RUN_S  1e-3

enum { MOST_POINTS = 240, N_ORBITS = 32, N_SURFACE = 8 * N_ORBITS };
static const int sizes[] = {96, 128, MOST_POINTS};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

#define PEAK_STEPS 2000

/* In units of the box's half side. */
#define SURFACE_RADIUS 2.95

/* Points in the unit cube and a surface around it. */
typedef struct bench {
    const dp_roof_request *request;
    int n;
    double point[4][MOST_POINTS], other[4][MOST_POINTS]; /* x, y, z, charge */
    double sums[4][MOST_POINTS];
    double orbit[3][N_ORBITS], at_orbits[N_SURFACE];
    dp_strip targets, sources;
} bench;

static const double lambda = 1;
static const dp_frame frame = {{0.5, 0.5, 0.5}, 0.5};

/* A sequence that fills the interval evenly, a different one for each k. */
static double spread(int k, int i) {
    static const double step[] = {0.6180339887, 0.7548776662, 0.5698402910, 0.8191725134};
    return fmod(0.5 + step[k] * (i + 1), 1);
}

static void fill(bench *b) {
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < MOST_POINTS; i++) {
            b->point[k][i] = spread(k, i);
            b->other[k][i] = spread(k, MOST_POINTS + i);
        }
    for (int k = 0; k < 3; k++)
        for (int o = 0; o < N_ORBITS; o++)
            b->orbit[k][o] = SURFACE_RADIUS * (o % 3 == k ? 1 : spread(k, o));
    for (int i = 0; i < N_SURFACE; i++)
        b->at_orbits[i] = spread(3, i);
}

static dp_soa points_of(double point[4][MOST_POINTS]) {
    return (dp_soa){point[0], point[1], point[2]};
}

static dp_sums sums_of(bench *b) {
    if (!b->request->has_gradient)
        return (dp_sums){.potential = b->sums[0]};
    return (dp_sums){b->sums[0], b->sums[1], b->sums[2], b->sums[3]};
}

/* ---- the loops ----------------------------------------------------------------------------- */

static void pack(bench *b, double point[4][MOST_POINTS], dp_strip *strip) {
    static const dp_strip_frame of_box = {{0.5, 0.5, 0.5}, 0.5, 1};
    dp_strip_begin(strip, b->request->precision >= DP_SINGLE, &of_box);
    dp_strip_add(strip, b->n, points_of(point), point[3], sums_of(b));
    dp_strip_end(strip, b->request->has_gradient);
}

static void run_near(void *argument, int64_t repeats) {
    bench *b = argument;
    const dp_roof_request *r = b->request;
    dp_near near = {.lambda = lambda,
                    .least = dp_precision_closest(r->precision),
                    .has_gradient = r->has_gradient,
                    .is_mutual = r->is_mutual,
                    .targets = &b->targets,
                    .sources = &b->sources};
    pack(b, b->point, &b->targets);
    pack(b, b->other, &b->sources);
    for (int64_t i = 0; i < repeats; i++)
        r->kernel->near[r->precision][r->isa](&near);
}

static void run_to_surface(void *argument, int64_t repeats) {
    bench *b = argument;
    const dp_roof_request *r = b->request;
    dp_orbits orbits = {N_ORBITS, b->orbit[0], b->orbit[1], b->orbit[2]};
    memset(b->at_orbits, 0, sizeof b->at_orbits);
    for (int64_t i = 0; i < repeats; i++)
        r->kernel->to_orbits[r->precision][r->isa](lambda, &orbits, b->at_orbits, N_ORBITS, &frame,
                                                   b->n, points_of(b->point), b->point[3]);
}

static void run_from_surface(void *argument, int64_t repeats) {
    bench *b = argument;
    const dp_roof_request *r = b->request;
    dp_orbits orbits = {N_ORBITS, b->orbit[0], b->orbit[1], b->orbit[2]};
    memset(b->sums, 0, sizeof b->sums);
    for (int64_t i = 0; i < repeats; i++)
        r->kernel->from_orbits[r->precision][r->isa](lambda, &orbits, b->at_orbits, N_ORBITS,
                                                     &frame, b->n, points_of(b->point), sums_of(b));
}

/* Calls a second. */
static double rate_of(void (*run)(void *argument, int64_t repeats), void *argument) {
    return 1 / fmax(dp_loop_seconds(run, argument, RUN_S, N_RUNS).least, 1e-12);
}

static void measure_pairs(bench *b, dp_roof *roof) {
    for (int i = 0; i < N_SIZES; i++) {
        double n = b->n = sizes[i], sides = b->request->is_mutual ? 2 : 1;
        roof->near = fmax(roof->near, n * n * sides * rate_of(run_near, b));
        roof->to_surface = fmax(roof->to_surface, n * N_SURFACE * rate_of(run_to_surface, b));
        roof->from_surface = fmax(roof->from_surface, n * N_SURFACE * rate_of(run_from_surface, b));
    }
}

typedef struct chains {
    dp_isa isa;
    double flops; /* of a call */
    double left;  /* how far the chains of all calls ended from 1, in all */
} chains;

static void run_chains(void *argument, int64_t repeats) {
    chains *c = argument;
    double left;
    for (int64_t i = 0; i < repeats; i++) {
        c->flops = dp_peak_run(c->isa, PEAK_STEPS, &left);
        c->left += left;
    }
}

static dagpole_status measure_peak(dp_isa isa, dp_roof *roof) {
    chains c = {.isa = isa};
    double rate = rate_of(run_chains, &c);
    roof->flops = c.flops * rate;
    if (c.left == 0)
        return DAGPOLE_OK;
    return dp_fail(DAGPOLE_INTERNAL, "the chains of multiply-adds end %g from 1", c.left);
}

dagpole_status dp_roof_measure(const dp_roof_request *request, dp_roof *roof) {
    *roof = (dp_roof){0};
    DP_TRY(measure_peak(request->isa, roof));
    bench *b = dp_alloc_zero(1, sizeof *b);
    if (!b)
        return DAGPOLE_NO_MEMORY;
    b->request = request;
    fill(b);
    dagpole_status status = dp_strip_create(request->isa, &b->targets);
    if (status == DAGPOLE_OK)
        status = dp_strip_create(request->isa, &b->sources);
    if (status == DAGPOLE_OK)
        measure_pairs(b, roof);
    dp_strip_free(&b->sources);
    dp_strip_free(&b->targets);
    dp_free(b);
    return status;
}

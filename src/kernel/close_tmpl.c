/* Pairs that loops in single precision leave out because they are too close, summed in double.
 * Compiled once per instruction set (meson.build). */
#include "kernel/pairs.h"

#include "kernel/ahead.h"
#include "kernel/tile.h"

/* Vectors of single precision are twice as wide. */
#define CLOSE_WIDTH (2 * VEC_WIDTH)

typedef struct close_pairs {
    const dp_strip_run *run[CLOSE_WIDTH]; /* where the sources are from */
    double dx[CLOSE_WIDTH], dy[CLOSE_WIDTH], dz[CLOSE_WIDTH];
    double value[CLOSE_WIDTH], slope[CLOSE_WIDTH];
} close_pairs;

/* The run of point i, searched from *run on; points are asked for in order. */
static const dp_strip_run *run_of(const dp_strip_run *run, int i) {
    while (i >= run->begin + run->n)
        run++;
    return run;
}

/* Differences of positions where a lane is asked for, and 0 where not: a pair that adds nothing. */
static void subtract(const dp_strip_run *from, int target, const dp_strip *s, int j, unsigned lanes,
                     close_pairs *c) {
    const dp_strip_run *run = s->runs;
    const dp_soa *t = &from->points;
    for (int k = 0; k < CLOSE_WIDTH; k++) {
        c->dx[k] = c->dy[k] = c->dz[k] = 0;
        if (!(lanes >> k & 1))
            continue;
        run = run_of(run, j + k);
        int i = j + k - run->begin;
        c->dx[k] = t->x[target] - run->points.x[i];
        c->dy[k] = t->y[target] - run->points.y[i];
        c->dz[k] = t->z[target] - run->points.z[i];
        c->run[k] = run;
    }
}

VEC_INLINE void make_close(pair_fn *kernel, double lambda, close_pairs *c) {
    vec unit_lambda = vec_splat(lambda * pair_unit(EXACT)), least = vec_splat(DP_NEAREST);
    for (int k = 0; k < CLOSE_WIDTH; k += VEC_WIDTH) {
        vec dx = load(c->dx + k), dy = load(c->dy + k), dz = load(c->dz + k);
        vec r2 = square(dx, dy, dz);
        pair g = kernel(EXACT, unit_lambda, &least, r2, vec_guess(r2));
        vec value = g.value * potential_unit(EXACT);
        vec slope = g.value * g.ratio * -gradient_unit(EXACT);
        memcpy(c->value + k, &value, sizeof value);
        memcpy(c->slope + k, &slope, sizeof slope);
    }
}

static double charge_of(const dp_strip_run *run, int i, int v) {
    return run->carried.charge[v * run->carried_stride + i - run->begin];
}

/* Pair k of c to one side of vector v; sign: of its differences as seen from there. */
static void add_close(dp_strip *strip, int i, int v, double charge, const close_pairs *c, int k,
                      double sign) {
    double *sums = strip->sums + i;
    sums[dp_strip_row(strip, 0, v)] += charge * c->value[k];
    if (strip->n_sums > DP_POTENTIAL) {
        double weight = sign * charge * c->slope[k];
        sums[dp_strip_row(strip, 1, v)] += weight * c->dx[k];
        sums[dp_strip_row(strip, 2, v)] += weight * c->dy[k];
        sums[dp_strip_row(strip, 3, v)] += weight * c->dz[k];
    }
}

VEC_INLINE void sum_close(pair_fn *kernel, const dp_near *near, int is_mutual, int i, int j,
                          unsigned lanes) {
    dp_strip *t = near->targets, *s = near->sources;
    const dp_strip_run *run = run_of(t->runs, i);
    close_pairs c;
    subtract(run, i - run->begin, s, j, lanes, &c);
    make_close(kernel, near->lambda, &c);
    dp_strip_use_close(t);
    if (is_mutual)
        dp_strip_use_close(s);
    for (int k = 0; k < CLOSE_WIDTH; k++)
        for (int v = 0; (lanes >> k & 1) && v < s->n_vectors; v++) {
            add_close(t, i, v, charge_of(c.run[k], j + k, v), &c, k, 1);
            if (is_mutual)
                add_close(s, j + k, v, charge_of(run, i, v), &c, k, -1);
        }
}

CLOSE_FUNCTION(NEAR_NAME(close, laplace)) {
    sum_close(laplace, near, is_mutual, target, source, lanes);
}

CLOSE_FUNCTION(NEAR_NAME(close, yukawa)) {
    sum_close(yukawa, near, is_mutual, target, source, lanes);
}

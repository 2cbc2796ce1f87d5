/* P2P, compiled once per instruction set: p2p_<isa>.c defines P2P_NAME and includes this file.
 *
 * Lanes are targets, and each source is broadcast to them: sums stay in registers and need no
 * reduction. Targets that do not fill a vector are summed one by one with sources in the lanes
 * where that takes fewer steps. The functions here are inlined into one loop for each kernel, with
 * and without gradient; `kernel` and `has_gradient` are constants in each. */
#include "kernel/p2p.h"
#include "kernel/pairs.h"

typedef struct problem {
    int is_reduced; /* a constant in every loop, like `kernel` and `has_gradient` */
    vec unit_lambda;
    int64_t n_sources;
    dp_soa targets, sources;
    const double *charges;
    dp_sums out;
} problem;

typedef struct sums {
    vec potential, gx, gy, gz;
} sums;

/* By which sums of value and of value times ratio are multiplied (kernel/pairs.h). */
VEC_INLINE double potential_unit(int is_reduced) {
    return pair_unit(is_reduced);
}

VEC_INLINE double gradient_unit(int is_reduced) {
    return -pair_unit(is_reduced) * pair_unit(is_reduced) * pair_unit(is_reduced);
}

/* One pair per lane; d = target - source. */
VEC_INLINE void add_pairs(pair_fn *kernel, int has_gradient, int is_reduced, vec unit_lambda,
                          vec dx, vec dy, vec dz, vec charge, sums *s) {
    pair p = kernel(is_reduced, unit_lambda, vec_fma(dz, dz, vec_fma(dy, dy, dx * dx)));
    if (!has_gradient) {
        s->potential = vec_fma(charge, p.value, s->potential);
        return;
    }
    vec potential = charge * p.value;
    vec weight = potential * p.ratio;
    s->potential += potential;
    s->gx = vec_fma(weight, dx, s->gx);
    s->gy = vec_fma(weight, dy, s->gy);
    s->gz = vec_fma(weight, dz, s->gz);
}

/* Vectors of targets at a time: a pair's formula is one long chain, and the processor overlaps more
 * of them where the compiler may interleave them (measured against 1, 2 and 4). */
#define N_VECS 3

/* n_vecs vectors of targets from j on, each with n in its lanes; only n_vecs = 1 allows n to be
 * less than VEC_WIDTH. */
VEC_INLINE void sum_at_targets(pair_fn *kernel, int has_gradient, int n_vecs, const problem *p,
                               int64_t j, int n) {
    vec x[N_VECS], y[N_VECS], z[N_VECS];
    sums s[N_VECS];
    for (int k = 0; k < n_vecs; k++) {
        x[k] = vec_load(p->targets.x + j + k * VEC_WIDTH, n);
        y[k] = vec_load(p->targets.y + j + k * VEC_WIDTH, n);
        z[k] = vec_load(p->targets.z + j + k * VEC_WIDTH, n);
        s[k] = (sums){0};
    }
    for (int64_t i = 0; i < p->n_sources; i++) {
        vec sx = vec_splat(p->sources.x[i]), sy = vec_splat(p->sources.y[i]);
        vec sz = vec_splat(p->sources.z[i]), charge = vec_splat(p->charges[i]);
#pragma GCC unroll 8
        for (int k = 0; k < n_vecs; k++)
            add_pairs(kernel, has_gradient, p->is_reduced, p->unit_lambda, x[k] - sx, y[k] - sy,
                      z[k] - sz, charge, &s[k]);
    }
    for (int k = 0; k < n_vecs; k++, j += VEC_WIDTH) {
        vec_add_to(p->out.potential + j, s[k].potential * potential_unit(p->is_reduced), n);
        if (has_gradient) {
            vec_add_to(p->out.gx + j, s[k].gx * gradient_unit(p->is_reduced), n);
            vec_add_to(p->out.gy + j, s[k].gy * gradient_unit(p->is_reduced), n);
            vec_add_to(p->out.gz + j, s[k].gz * gradient_unit(p->is_reduced), n);
        }
    }
}

/* Sources i ... i + n - 1 in the lanes; idle lanes have charge 0. */
VEC_INLINE void add_sources(pair_fn *kernel, int has_gradient, const problem *p, int64_t j,
                            int64_t i, int n, sums *s) {
    add_pairs(kernel, has_gradient, p->is_reduced, p->unit_lambda,
              p->targets.x[j] - vec_load(p->sources.x + i, n),
              p->targets.y[j] - vec_load(p->sources.y + i, n),
              p->targets.z[j] - vec_load(p->sources.z + i, n), vec_load(p->charges + i, n), s);
}

VEC_INLINE void sum_at_target(pair_fn *kernel, int has_gradient, const problem *p, int64_t j) {
    sums s = {0};
    int64_t i = 0;
    for (; i + VEC_WIDTH <= p->n_sources; i += VEC_WIDTH)
        add_sources(kernel, has_gradient, p, j, i, VEC_WIDTH, &s);
    if (i < p->n_sources)
        add_sources(kernel, has_gradient, p, j, i, (int)(p->n_sources - i), &s);
    p->out.potential[j] += vec_sum(s.potential) * potential_unit(p->is_reduced);
    if (has_gradient) {
        p->out.gx[j] += vec_sum(s.gx) * gradient_unit(p->is_reduced);
        p->out.gy[j] += vec_sum(s.gy) * gradient_unit(p->is_reduced);
        p->out.gz[j] += vec_sum(s.gz) * gradient_unit(p->is_reduced);
    }
}

/* What the sums over the lanes cost one target, in steps of the loops above (measured). */
#define SUM_STEPS 4

VEC_INLINE void sum_at_all(pair_fn *kernel, int has_gradient, const problem *p, int64_t n_targets) {
    int64_t j = 0;
    for (; j + N_VECS * VEC_WIDTH <= n_targets; j += N_VECS * VEC_WIDTH)
        sum_at_targets(kernel, has_gradient, N_VECS, p, j, VEC_WIDTH);
    for (; j + VEC_WIDTH <= n_targets; j += VEC_WIDTH)
        sum_at_targets(kernel, has_gradient, 1, p, j, VEC_WIDTH);
    int n = (int)(n_targets - j);
    if (n * (p->n_sources / VEC_WIDTH + SUM_STEPS) < p->n_sources)
        for (; j < n_targets; j++)
            sum_at_target(kernel, has_gradient, p, j);
    else if (n > 0)
        sum_at_targets(kernel, has_gradient, 1, p, j, n);
}

/* ---- mutual: both sides of a pair at once ---- */

/* Points of a, each broadcast, that meet a vector of b at a time (measured; sums of 4 potentials or
 * 3 gradients still leave most registers to the arithmetic). */
#define N_BROADCAST          4
#define N_BROADCAST_GRADIENT 3

typedef struct broadcast {
    vec x, y, z, charge;
    sums s;
} broadcast;

/* One point of a and a vector of b: adds to the point's sums and to at_b. */
VEC_INLINE void add_mutual(pair_fn *kernel, int has_gradient, int is_reduced, vec unit_lambda,
                           broadcast *a, vec x, vec y, vec z, vec charge, sums *at_b) {
    vec dx = a->x - x, dy = a->y - y, dz = a->z - z;
    pair p = kernel(is_reduced, unit_lambda, vec_fma(dz, dz, vec_fma(dy, dy, dx * dx)));
    a->s.potential = vec_fma(charge, p.value, a->s.potential);
    at_b->potential = vec_fma(a->charge, p.value, at_b->potential);
    if (!has_gradient)
        return;
    vec slope = p.value * p.ratio;
    vec at_a = charge * slope, minus_at_b = -a->charge * slope;
    a->s.gx = vec_fma(at_a, dx, a->s.gx);
    a->s.gy = vec_fma(at_a, dy, a->s.gy);
    a->s.gz = vec_fma(at_a, dz, a->s.gz);
    at_b->gx = vec_fma(minus_at_b, dx, at_b->gx);
    at_b->gy = vec_fma(minus_at_b, dy, at_b->gy);
    at_b->gz = vec_fma(minus_at_b, dz, at_b->gz);
}

/* Points j ... j + n - 1 of b against n_points of a; idle lanes have charge 0 and are not stored.
 */
VEC_INLINE void meet(pair_fn *kernel, int has_gradient, int is_reduced, vec unit_lambda,
                     int n_points, broadcast *a, const dp_side *b, int64_t j, int n) {
    vec x = vec_load(b->points.x + j, n), y = vec_load(b->points.y + j, n);
    vec z = vec_load(b->points.z + j, n), charge = vec_load(b->charges + j, n);
    sums at_b = {0};
#pragma GCC unroll 4
    for (int k = 0; k < n_points; k++)
        add_mutual(kernel, has_gradient, is_reduced, unit_lambda, &a[k], x, y, z, charge, &at_b);
    vec_add_to(b->out.potential + j, at_b.potential * potential_unit(is_reduced), n);
    if (has_gradient) {
        vec_add_to(b->out.gx + j, at_b.gx * gradient_unit(is_reduced), n);
        vec_add_to(b->out.gy + j, at_b.gy * gradient_unit(is_reduced), n);
        vec_add_to(b->out.gz + j, at_b.gz * gradient_unit(is_reduced), n);
    }
}

/* n_points of a from i on against all of b. */
VEC_INLINE void sum_mutual(pair_fn *kernel, int has_gradient, int is_reduced, vec unit_lambda,
                           int n_points, const dp_side *a, int64_t i, const dp_side *b) {
    broadcast point[N_BROADCAST];
    int64_t j = 0;
#pragma GCC unroll 4
    for (int k = 0; k < n_points; k++)
        point[k] = (broadcast){.x = vec_splat(a->points.x[i + k]),
                               .y = vec_splat(a->points.y[i + k]),
                               .z = vec_splat(a->points.z[i + k]),
                               .charge = vec_splat(a->charges[i + k])};
    for (; j + VEC_WIDTH <= b->n; j += VEC_WIDTH)
        meet(kernel, has_gradient, is_reduced, unit_lambda, n_points, point, b, j, VEC_WIDTH);
    if (j < b->n)
        meet(kernel, has_gradient, is_reduced, unit_lambda, n_points, point, b, j, (int)(b->n - j));
    for (int k = 0; k < n_points; k++) {
        a->out.potential[i + k] += vec_sum(point[k].s.potential) * potential_unit(is_reduced);
        if (has_gradient) {
            a->out.gx[i + k] += vec_sum(point[k].s.gx) * gradient_unit(is_reduced);
            a->out.gy[i + k] += vec_sum(point[k].s.gy) * gradient_unit(is_reduced);
            a->out.gz[i + k] += vec_sum(point[k].s.gz) * gradient_unit(is_reduced);
        }
    }
}

VEC_INLINE void sum_all_mutual(pair_fn *kernel, int has_gradient, int is_reduced, double lambda,
                               const dp_side *a, const dp_side *b) {
    const int n_points = has_gradient ? N_BROADCAST_GRADIENT : N_BROADCAST;
    vec unit_lambda = vec_splat(lambda * pair_unit(is_reduced));
    int64_t i = 0;
    for (; i + n_points <= a->n; i += n_points)
        sum_mutual(kernel, has_gradient, is_reduced, unit_lambda, n_points, a, i, b);
    for (; i < a->n; i++)
        sum_mutual(kernel, has_gradient, is_reduced, unit_lambda, 1, a, i, b);
}

#define DEFINE_P2P(loop, kernel, is_reduced)                                                       \
    P2P_FUNCTION(P2P_NAME(loop, kernel)) {                                                         \
        const problem p = {is_reduced, vec_splat(lambda * pair_unit(is_reduced)),                  \
                           n_sources,  targets,                                                    \
                           sources,    charges,                                                    \
                           out};                                                                   \
        if (out.gx)                                                                                \
            sum_at_all(kernel, 1, &p, n_targets);                                                  \
        else                                                                                       \
            sum_at_all(kernel, 0, &p, n_targets);                                                  \
    }

#define DEFINE_MUTUAL(loop, kernel, is_reduced)                                                    \
    MUTUAL_FUNCTION(P2P_NAME(loop, kernel)) {                                                      \
        if (a.out.gx)                                                                              \
            sum_all_mutual(kernel, 1, is_reduced, lambda, &a, &b);                                 \
        else                                                                                       \
            sum_all_mutual(kernel, 0, is_reduced, lambda, &a, &b);                                 \
    }

#define DEFINE_LOOPS(kernel)                                                                       \
    DEFINE_P2P(p2p, kernel, 0)                                                                     \
    DEFINE_P2P(p2p_reduced, kernel, 1)                                                             \
    DEFINE_MUTUAL(mutual, kernel, 0)                                                               \
    DEFINE_MUTUAL(mutual_reduced, kernel, 1)

DEFINE_LOOPS(laplace)
DEFINE_LOOPS(yukawa)

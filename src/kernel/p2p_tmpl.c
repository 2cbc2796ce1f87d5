/* P2P, compiled once per instruction set: p2p_<isa>.c defines P2P_NAME and includes this file.
 *
 * Lanes are targets, and each source is broadcast to them: sums stay in registers and need no
 * reduction. Targets that do not fill a vector are summed one by one with sources in the lanes
 * where that takes fewer steps. The functions here are inlined into one loop for each kernel, with
 * and without gradient; `kernel` and `has_gradient` are constants in each. */
#include "kernel/p2p.h"
#include "kernel/pairs.h"

typedef struct problem {
    pair_grade grade; /* a constant in every loop, like `kernel` and `has_gradient` */
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
VEC_INLINE double potential_unit(pair_grade grade) {
    return pair_unit(grade);
}

VEC_INLINE double gradient_unit(pair_grade grade) {
    return -pair_unit(grade) * pair_unit(grade) * pair_unit(grade);
}

/* One pair per lane; d = target - source. */
VEC_INLINE void add_pairs(pair_fn *kernel, int has_gradient, pair_grade grade, vec unit_lambda,
                          vec dx, vec dy, vec dz, vec charge, sums *s) {
    vec r2 = vec_fma(dz, dz, vec_fma(dy, dy, dx * dx));
    pair p = kernel(grade, unit_lambda, vec_splat(DP_NEAREST), r2);
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
            add_pairs(kernel, has_gradient, p->grade, p->unit_lambda, x[k] - sx, y[k] - sy,
                      z[k] - sz, charge, &s[k]);
    }
    for (int k = 0; k < n_vecs; k++, j += VEC_WIDTH) {
        vec_add_to(p->out.potential + j, s[k].potential * potential_unit(p->grade), n);
        if (has_gradient) {
            vec_add_to(p->out.gx + j, s[k].gx * gradient_unit(p->grade), n);
            vec_add_to(p->out.gy + j, s[k].gy * gradient_unit(p->grade), n);
            vec_add_to(p->out.gz + j, s[k].gz * gradient_unit(p->grade), n);
        }
    }
}

/* Sources i ... i + n - 1 in the lanes; idle lanes have charge 0. */
VEC_INLINE void add_sources(pair_fn *kernel, int has_gradient, const problem *p, int64_t j,
                            int64_t i, int n, sums *s) {
    add_pairs(kernel, has_gradient, p->grade, p->unit_lambda,
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
    p->out.potential[j] += vec_sum(s.potential) * potential_unit(p->grade);
    if (has_gradient) {
        p->out.gx[j] += vec_sum(s.gx) * gradient_unit(p->grade);
        p->out.gy[j] += vec_sum(s.gy) * gradient_unit(p->grade);
        p->out.gz[j] += vec_sum(s.gz) * gradient_unit(p->grade);
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

#define DEFINE_P2P(loop, kernel, grade)                                                            \
    P2P_FUNCTION(P2P_NAME(loop, kernel)) {                                                         \
        const problem p = {grade,     vec_splat(lambda * pair_unit(grade)),                        \
                           n_sources, targets,                                                     \
                           sources,   charges,                                                     \
                           out};                                                                   \
        if (out.gx)                                                                                \
            sum_at_all(kernel, 1, &p, n_targets);                                                  \
        else                                                                                       \
            sum_at_all(kernel, 0, &p, n_targets);                                                  \
    }

#define DEFINE_LOOPS(kernel)                                                                       \
    DEFINE_P2P(p2p, kernel, EXACT)                                                                 \
    DEFINE_P2P(p2p_reduced, kernel, REDUCED)

DEFINE_LOOPS(laplace)
DEFINE_LOOPS(yukawa)

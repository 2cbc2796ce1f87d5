/* P2P, compiled once per instruction set and precision: p2p_<isa>.c and p2p_single_<isa>.c define
 * P2P_NAME and include this file.
 *
 * Lanes are targets, and each source is broadcast to them: sums stay in registers and need no
 * reduction. Targets that do not fill a vector are summed one by one with sources in the lanes
 * where that takes fewer steps. The functions here are inlined into one loop for each kernel, with
 * and without gradient; `kernel` and `has_gradient` are constants in each. */
#include "kernel/p2p.h"
#include "kernel/pairs.h"

#include "kernel/ahead.h"

#ifdef SIMD_SINGLE
#include "kernel/strip.h"

#include <string.h>

typedef struct soa {
    const float *x, *y, *z;
} soa;

typedef struct real_sums {
    float *potential, *gx, *gy, *gz;
} real_sums;
#else
typedef dp_soa soa;
typedef dp_sums real_sums;
#endif

typedef struct problem {
    pair_grade grade; /* a constant in every loop, like `kernel` and `has_gradient` */
    vec unit_lambda, least;
    int64_t n_sources;
    soa targets, sources;
    const real *charges;
    real_sums out;
} problem;

typedef struct sums {
    vec potential, gx, gy, gz;
} sums;

/* By which sums of value and of value times ratio are multiplied (kernel/pairs.h). */
VEC_INLINE real potential_unit(pair_grade grade) {
    return pair_unit(grade);
}

VEC_INLINE real gradient_unit(pair_grade grade) {
    return -pair_unit(grade) * pair_unit(grade) * pair_unit(grade);
}

/* One pair per lane; d = target - source. ahead: NULL, or where what comes first has been done, of
 * which this is number `at`. */
VEC_INLINE void add_pairs(pair_fn *kernel, int has_gradient, const problem *p, vec dx, vec dy,
                          vec dz, vec charge, sums *s, const ahead *ahead, int at) {
    vec r2 = ahead ? ahead->r2[at] : square(dx, dy, dz);
    pair g = kernel(p->grade, p->unit_lambda, ahead ? NULL : &p->least, r2,
                    ahead ? ahead->guess[at] : vec_guess(r2));
    s->potential = vec_fma(charge, g.value, s->potential);
    if (!has_gradient)
        return;
    vec weight = charge * (g.value * g.ratio);
    s->gx = vec_fma(weight, dx, s->gx);
    s->gy = vec_fma(weight, dy, s->gy);
    s->gz = vec_fma(weight, dz, s->gz);
}

/* Vectors of targets at a time: a pair's formula is one long chain, and the processor overlaps more
 * of them where the compiler may interleave them (measured against 1, 2 and 4). */
#define N_VECS 3

#if VEC_AHEAD
/* Sources of a chunk. */
#define AHEAD_SOURCES (VEC_AHEAD / N_VECS)

/* n_vecs vectors of targets and the sources i ... end - 1, at most a chunk. */
VEC_INLINE void look_ahead(int n_vecs, const problem *p, const vec *x, const vec *y, const vec *z,
                           int64_t i, int64_t end, ahead *ahead) {
    ahead_range range = AHEAD_RANGE;
    int at = 0;
    for (; i < end; i++) {
        vec sx = vec_splat(p->sources.x[i]), sy = vec_splat(p->sources.y[i]);
        vec sz = vec_splat(p->sources.z[i]);
#pragma GCC unroll 8
        for (int k = 0; k < n_vecs; k++)
            ahead_put(ahead, at++, square(sx - x[k], sy - y[k], sz - z[k]), &range);
    }
    ahead_end(ahead, at, &range, p->least);
}
#else
#define AHEAD_SOURCES                             INT64_MAX
#define look_ahead(n_vecs, p, x, y, z, i, end, a) ((void)(a))
#endif

/* n_vecs vectors of targets from j on, n of them in the last one's lanes. */
VEC_INLINE void sum_at_targets(pair_fn *kernel, int has_gradient, int n_vecs, const problem *p,
                               int64_t j, int n) {
    vec x[N_VECS], y[N_VECS], z[N_VECS];
    sums s[N_VECS];
    for (int k = 0; k < n_vecs; k++) {
        int64_t at = j + k * VEC_WIDTH;
        int n_lanes = k < n_vecs - 1 ? VEC_WIDTH : n;
        x[k] = vec_load(p->targets.x + at, n_lanes);
        y[k] = vec_load(p->targets.y + at, n_lanes);
        z[k] = vec_load(p->targets.z + at, n_lanes);
        s[k] = (sums){0};
    }
    ahead ahead;
    for (int64_t i = 0; i < p->n_sources;) {
        int64_t end = p->n_sources - i > AHEAD_SOURCES ? i + AHEAD_SOURCES : p->n_sources;
        look_ahead(n_vecs, p, x, y, z, i, end, &ahead);
        for (int at = 0; i < end; i++, at += n_vecs) {
            vec sx = vec_splat(p->sources.x[i]), sy = vec_splat(p->sources.y[i]);
            vec sz = vec_splat(p->sources.z[i]), charge = vec_splat(p->charges[i]);
#pragma GCC unroll 8
            for (int k = 0; k < n_vecs; k++)
                add_pairs(kernel, has_gradient, p, x[k] - sx, y[k] - sy, z[k] - sz, charge, &s[k],
                          VEC_AHEAD ? &ahead : NULL, at + k);
        }
    }
    for (int k = 0; k < n_vecs; k++, j += VEC_WIDTH) {
        int n_lanes = k < n_vecs - 1 ? VEC_WIDTH : n;
        vec_add_to(p->out.potential + j, s[k].potential * potential_unit(p->grade), n_lanes);
        if (has_gradient) {
            vec_add_to(p->out.gx + j, s[k].gx * gradient_unit(p->grade), n_lanes);
            vec_add_to(p->out.gy + j, s[k].gy * gradient_unit(p->grade), n_lanes);
            vec_add_to(p->out.gz + j, s[k].gz * gradient_unit(p->grade), n_lanes);
        }
    }
}

/* Sources i ... i + n - 1 in the lanes; idle lanes have charge 0. */
VEC_INLINE void add_sources(pair_fn *kernel, int has_gradient, const problem *p, int64_t j,
                            int64_t i, int n, sums *s) {
    add_pairs(kernel, has_gradient, p, p->targets.x[j] - vec_load(p->sources.x + i, n),
              p->targets.y[j] - vec_load(p->sources.y + i, n),
              p->targets.z[j] - vec_load(p->sources.z + i, n), vec_load(p->charges + i, n), s, NULL,
              0);
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

/* Fewer targets than N_VECS vectors hold. */
VEC_INLINE void sum_at_last(pair_fn *kernel, int has_gradient, const problem *p, int64_t j, int n) {
    int n_in_last = n % VEC_WIDTH ? n % VEC_WIDTH : VEC_WIDTH;
    if (n > 2 * VEC_WIDTH)
        sum_at_targets(kernel, has_gradient, 3, p, j, n_in_last);
    else if (n > VEC_WIDTH)
        sum_at_targets(kernel, has_gradient, 2, p, j, n_in_last);
    else if (n > 0)
        sum_at_targets(kernel, has_gradient, 1, p, j, n_in_last);
}

VEC_INLINE void sum_at_all(pair_fn *kernel, int has_gradient, const problem *p, int64_t n_targets) {
    int64_t j = 0;
    for (; j + N_VECS * VEC_WIDTH <= n_targets; j += N_VECS * VEC_WIDTH)
        sum_at_targets(kernel, has_gradient, N_VECS, p, j, VEC_WIDTH);
    int n = (int)(n_targets - j), n_single = n % VEC_WIDTH;
    if (n_single * (p->n_sources / VEC_WIDTH + SUM_STEPS) >= p->n_sources)
        n_single = 0;
    sum_at_last(kernel, has_gradient, p, j, n - n_single);
    for (j = n_targets - n_single; j < n_targets; j++)
        sum_at_target(kernel, has_gradient, p, j);
}

#ifdef SIMD_SINGLE
/* Points are rounded to single a chunk at a time, on the stack. */
#define CHUNK 256

typedef struct chunk {
    _Alignas(64) float row[4][CHUNK];
} chunk;

static int chunk_size(int64_t n, int64_t begin) {
    return (int)(n - begin < CHUNK ? n - begin : CHUNK);
}

static void round_row(int n, const double *restrict from, double scale, float *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] = (float)(from[i] * scale);
}

static soa round_points(int n, dp_soa points, int64_t begin, chunk *to) {
    round_row(n, points.x + begin, 1, to->row[0]);
    round_row(n, points.y + begin, 1, to->row[1]);
    round_row(n, points.z + begin, 1, to->row[2]);
    return (soa){to->row[0], to->row[1], to->row[2]};
}

/* The largest by size: numbers of one sign are in the order of their bits, which is a loop that
 * compilers vectorise. */
static double largest_size(int n, const double *x) {
    int64_t largest = 0;
    for (int i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        bits &= INT64_MAX;
        largest = bits > largest ? bits : largest;
    }
    double size;
    memcpy(&size, &largest, sizeof size);
    return size;
}

static void add_row(int n, const float *restrict from, double scale, double *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] += from[i] * scale;
}

/* Takes the unit of the charges out again. */
static void add_chunk(int n, const chunk *sums, double unit, dp_sums out, int64_t begin) {
    add_row(n, sums->row[0], unit, out.potential + begin);
    if (!out.gx)
        return;
    add_row(n, sums->row[1], unit, out.gx + begin);
    add_row(n, sums->row[2], unit, out.gy + begin);
    add_row(n, sums->row[3], unit, out.gz + begin);
}

/* Charges are counted in a unit about as large as the largest, or the smallest that has a
 * reciprocal: single holds what is then left of the least double. */
VEC_INLINE void sum(pair_fn *kernel, int has_gradient, pair_grade grade, double lambda,
                    int64_t n_targets, dp_soa targets, dp_sums out, int64_t n_sources,
                    dp_soa sources, const double *charges) {
    chunk from, to, sums;
    for (int64_t i = 0; i < n_sources; i += CHUNK) {
        problem p = {.grade = grade,
                     .unit_lambda = vec_splat((float)lambda * pair_unit(grade)),
                     .least = vec_splat(0),
                     .n_sources = chunk_size(n_sources, i),
                     .charges = from.row[3]};
        double unit = dp_strip_charge_unit(largest_size((int)p.n_sources, charges + i));
        unit = unit > 0x1p-1000 ? unit : 0x1p-1000;
        p.sources = round_points((int)p.n_sources, sources, i, &from);
        round_row((int)p.n_sources, charges + i, 1 / unit, from.row[3]);
        for (int64_t j = 0; j < n_targets; j += CHUNK) {
            int n = chunk_size(n_targets, j);
            p.targets = round_points(n, targets, j, &to);
            p.out = (real_sums){sums.row[0], sums.row[1], sums.row[2], sums.row[3]};
            for (int k = 0; k < (has_gradient ? 4 : 1); k++)
                memset(sums.row[k], 0, (size_t)n * sizeof(float));
            sum_at_all(kernel, has_gradient, &p, n);
            add_chunk(n, &sums, unit, out, j);
        }
    }
}

#define EACH_LOOP(DEFINE, kernel)                                                                  \
    DEFINE(p2p_single, kernel, EXACT)                                                              \
    DEFINE(p2p_rough, kernel, REDUCED)
#else
VEC_INLINE void sum(pair_fn *kernel, int has_gradient, pair_grade grade, double lambda,
                    int64_t n_targets, dp_soa targets, dp_sums out, int64_t n_sources,
                    dp_soa sources, const double *charges) {
    const problem p = {.grade = grade,
                       .unit_lambda = vec_splat(lambda * pair_unit(grade)),
                       .least = vec_splat(DP_NEAREST),
                       .n_sources = n_sources,
                       .targets = targets,
                       .sources = sources,
                       .charges = charges,
                       .out = out};
    sum_at_all(kernel, has_gradient, &p, n_targets);
}

#define EACH_LOOP(DEFINE, kernel)                                                                  \
    DEFINE(p2p, kernel, EXACT)                                                                     \
    DEFINE(p2p_reduced, kernel, REDUCED)
#endif

#define DEFINE_P2P(loop, kernel, grade)                                                            \
    P2P_FUNCTION(P2P_NAME(loop, kernel)) {                                                         \
        if (out.gx)                                                                                \
            sum(kernel, 1, grade, lambda, n_targets, targets, out, n_sources, sources, charges);   \
        else                                                                                       \
            sum(kernel, 0, grade, lambda, n_targets, targets, out, n_sources, sources, charges);   \
    }

EACH_LOOP(DEFINE_P2P, laplace)
EACH_LOOP(DEFINE_P2P, yukawa)

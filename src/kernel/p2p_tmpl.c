/* Sums from points to points in double, to the last bit, compiled once per instruction set
 * (meson.build).
 *
 * Lanes are targets, and each source is broadcast to them: sums stay in registers and need no
 * reduction. Targets that do not fill a vector are summed one by one with sources in the lanes
 * where that takes fewer steps. The functions here are inlined into one loop for each kernel: its
 * sums with and without gradients, and its sums of squares. `kernel` and `what` are constants in
 * each. Dipoles and second derivatives have a plain loop of their own. */
#include "kernel/p2p.h"
#include "kernel/pairs.h"

#include "base/per_isa.h"
#include "kernel/ahead.h"
#include "kernel/derivatives.h"

/* What is summed. */
typedef enum summand { POTENTIALS, GRADIENTS /* and potentials */, SQUARES } summand;

typedef struct problem {
    vec_lambda unit_lambda;
    vec least;
    int64_t n_sources;
    dp_soa targets, sources, dipoles;
    const double *charges;
    dp_sums out;
} problem;

typedef struct sums {
    vec potential, gx, gy, gz;
} sums;

/* By which sums of value and of value times ratio are multiplied (kernel/pairs.h). */
VEC_INLINE double potential_unit(summand what) {
    return what == SQUARES ? pow(pair_unit(EXACT), 2) : pair_unit(EXACT);
}

VEC_INLINE double gradient_unit(summand what) {
    return what == SQUARES ? pow(pair_unit(EXACT), 6) : -pow(pair_unit(EXACT), 3);
}

/* One pair per lane; d = target - source. ahead: NULL, or where what comes first has been done, of
 * which this is number `at`. */
VEC_INLINE void add_pairs(pair_fn *kernel, summand what, const problem *p, vec dx, vec dy, vec dz,
                          vec charge, sums *s, const ahead *ahead, int at) {
    vec r2 = ahead ? ahead->r2[at] : square(dx, dy, dz);
    pair g = kernel(EXACT, p->unit_lambda, ahead ? NULL : &p->least, r2,
                    ahead ? ahead->guess[at] : vec_guess(r2));
    if (what == SQUARES) {
        vec square = charge * (g.value * g.value);
        s->potential = s->potential + square;
        s->gx = vec_fma(square * r2, g.ratio * g.ratio, s->gx);
        return;
    }
    s->potential = vec_fma(charge, g.value, s->potential);
    if (what == POTENTIALS)
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
VEC_INLINE void sum_at_targets(pair_fn *kernel, summand what, int n_vecs, const problem *p,
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
                add_pairs(kernel, what, p, x[k] - sx, y[k] - sy, z[k] - sz, charge, &s[k],
                          VEC_AHEAD ? &ahead : NULL, at + k);
        }
    }
    for (int k = 0; k < n_vecs; k++, j += VEC_WIDTH) {
        int n_lanes = k < n_vecs - 1 ? VEC_WIDTH : n;
        vec_add_to(p->out.potential + j, s[k].potential * potential_unit(what), n_lanes);
        if (p->out.gx)
            vec_add_to(p->out.gx + j, s[k].gx * gradient_unit(what), n_lanes);
        if (what == GRADIENTS) {
            vec_add_to(p->out.gy + j, s[k].gy * gradient_unit(what), n_lanes);
            vec_add_to(p->out.gz + j, s[k].gz * gradient_unit(what), n_lanes);
        }
    }
}

/* Sources i ... i + n - 1 in the lanes; idle lanes have charge 0. */
VEC_INLINE void add_sources(pair_fn *kernel, summand what, const problem *p, int64_t j, int64_t i,
                            int n, sums *s) {
    add_pairs(kernel, what, p, p->targets.x[j] - vec_load(p->sources.x + i, n),
              p->targets.y[j] - vec_load(p->sources.y + i, n),
              p->targets.z[j] - vec_load(p->sources.z + i, n), vec_load(p->charges + i, n), s, NULL,
              0);
}

VEC_INLINE void sum_at_target(pair_fn *kernel, summand what, const problem *p, int64_t j) {
    sums s = {0};
    int64_t i = 0;
    for (; i + VEC_WIDTH <= p->n_sources; i += VEC_WIDTH)
        add_sources(kernel, what, p, j, i, VEC_WIDTH, &s);
    if (i < p->n_sources)
        add_sources(kernel, what, p, j, i, (int)(p->n_sources - i), &s);
    p->out.potential[j] += vec_sum(s.potential) * potential_unit(what);
    if (p->out.gx)
        p->out.gx[j] += vec_sum(s.gx) * gradient_unit(what);
    if (what == GRADIENTS) {
        p->out.gy[j] += vec_sum(s.gy) * gradient_unit(what);
        p->out.gz[j] += vec_sum(s.gz) * gradient_unit(what);
    }
}

/* What the sums over the lanes cost one target, in steps of the loops above (measured). */
#define SUM_STEPS 4

/* Fewer targets than N_VECS vectors hold. */
VEC_INLINE void sum_at_last(pair_fn *kernel, summand what, const problem *p, int64_t j, int n) {
    int n_in_last = n % VEC_WIDTH ? n % VEC_WIDTH : VEC_WIDTH;
    if (n > 2 * VEC_WIDTH)
        sum_at_targets(kernel, what, 3, p, j, n_in_last);
    else if (n > VEC_WIDTH)
        sum_at_targets(kernel, what, 2, p, j, n_in_last);
    else if (n > 0)
        sum_at_targets(kernel, what, 1, p, j, n_in_last);
}

VEC_INLINE void sum_at_all(pair_fn *kernel, summand what, const problem *p, int64_t n_targets) {
    int64_t j = 0;
    for (; j + N_VECS * VEC_WIDTH <= n_targets; j += N_VECS * VEC_WIDTH)
        sum_at_targets(kernel, what, N_VECS, p, j, VEC_WIDTH);
    int n = (int)(n_targets - j), n_single = n % VEC_WIDTH;
    if (n_single * (p->n_sources / VEC_WIDTH + SUM_STEPS) >= p->n_sources)
        n_single = 0;
    sum_at_last(kernel, what, p, j, n - n_single);
    for (j = n_targets - n_single; j < n_targets; j++)
        sum_at_target(kernel, what, p, j);
}

/* ---- dipoles and second derivatives ---------------------------------------------------------- */

/* Of a vector of pairs up to an order, to the last bit and in the kernel's own units; pairs that
 * coincide have zeros. d: from target to source. One of each for every kernel. */
typedef void derive_fn(const problem *p, int order, const vec d[3], vec derivative[N_DERIVATIVES]);

VEC_INLINE void derive_pairs(pair_fn *kernel, const problem *p, int order, const vec d[3],
                             vec derivative[N_DERIVATIVES]) {
    const double unit = pair_unit(EXACT);
    vec r2 = square(d[0], d[1], d[2]);
    pair g = kernel(EXACT, p->unit_lambda, &p->least, r2, vec_guess(r2));
    derive(order, EXACT, &g, d[0], d[1], d[2], derivative, 1);
    derivative[0] *= unit;
    for (int k = 1; k < N_UP_TO(order); k++)
        derivative[k] *= unit * unit * unit;
}

/* How everything is summed. */
typedef struct any {
    derive_fn *derive;
    int is_squares, n_sums, order;
    int place[DP_HESSIAN][4]; /* place_of */
} any;

/* Adds what a source's rows begin ... end - 1 do to the rows of sums, or the squares of that in the
 * rows that sums of squares have. */
static void add_rows(const any *s, int begin, int end, const vec *carried, const vec *weight,
                     const vec *derivative, vec *sum) {
    vec row[DP_HESSIAN] = {vec_splat(0)};
    for (int a = 0; a < s->n_sums; a++) {
        for (int b = begin; b < end; b++)
            row[a] = vec_fma(carried[b] * sign_of(b), derivative[s->place[a][b]], row[a]);
        if (!s->is_squares)
            sum[a] += row[a];
    }
    if (!s->is_squares)
        return;
    sum[0] += *weight * (row[0] * row[0]);
    if (s->n_sums >= DP_GRADIENT)
        sum[1] += *weight * square(row[1], row[2], row[3]);
    if (s->n_sums >= DP_HESSIAN)
        sum[4] += *weight * (square(row[4], row[7], row[9]) + 2 * square(row[5], row[6], row[8]));
}

/* Of sums of squares the charges are squares already. */
static void add_source(const any *s, const problem *p, int64_t i, const vec *derivative, vec *sum) {
    const vec one = vec_splat(1);
    if (p->charges) {
        const vec charge = vec_splat(p->charges[i]);
        add_rows(s, 0, 1, s->is_squares ? &one : &charge, &charge, derivative, sum);
    }
    if (p->dipoles.x) {
        const vec carried[4] = {one, vec_splat(p->dipoles.x[i]), vec_splat(p->dipoles.y[i]),
                                vec_splat(p->dipoles.z[i])};
        add_rows(s, 1, 4, carried, &one, derivative, sum);
    }
}

/* n targets from j on, in the lanes. */
static void sum_any_at(const any *s, const problem *p, int64_t j, int n) {
    vec x = vec_load(p->targets.x + j, n), y = vec_load(p->targets.y + j, n);
    vec z = vec_load(p->targets.z + j, n);
    vec sum[DP_HESSIAN] = {vec_splat(0)}, derivative[N_DERIVATIVES];
    for (int64_t i = 0; i < p->n_sources; i++) {
        const vec d[3] = {p->sources.x[i] - x, p->sources.y[i] - y, p->sources.z[i] - z};
        s->derive(p, s->order, d, derivative);
        add_source(s, p, i, derivative, sum);
    }
    for (int k = 0; k < s->n_sums; k++)
        if (!s->is_squares || k == 0 || k == 1 || k == 4)
            vec_add_to(dp_sums_row(&p->out, k) + j, sum[k], n);
}

static void sum_any(derive_fn *derive, int is_squares, const problem *p, int64_t n_targets) {
    any s = {.derive = derive, .is_squares = is_squares, .n_sums = dp_n_sums(&p->out)};
    s.order = derivatives[s.n_sums - 1].order + (p->dipoles.x != NULL);
    for (int a = 0; a < s.n_sums; a++)
        for (int b = 0; b < 4; b++)
            s.place[a][b] = place_of(a, b);
    for (int64_t j = 0; j < n_targets; j += VEC_WIDTH)
        sum_any_at(&s, p, j, n_targets - j < VEC_WIDTH ? (int)(n_targets - j) : VEC_WIDTH);
}

/* ---- one of each for every kernel ------------------------------------------------------------ */

VEC_INLINE int is_plain(const dp_sums *out, const dp_carried *carried) {
    return !carried->dipole.x && !out->hessian[0];
}

static problem problem_of(dp_lambda lambda, dp_soa targets, dp_sums out, int64_t n_sources,
                          dp_soa sources, dp_carried carried) {
    return (problem){.unit_lambda = splat_lambda(lambda, pair_unit(EXACT)),
                     .least = vec_splat(DP_NEAREST),
                     .n_sources = n_sources,
                     .targets = targets,
                     .sources = sources,
                     .dipoles = carried.dipole,
                     .charges = carried.charge,
                     .out = out};
}

#define DEFINE_DERIVE(kernel)                                                                      \
    static void derive_##kernel(const problem *p, int order, const vec d[3], vec *derivative) {    \
        derive_pairs(kernel, p, order, d, derivative);                                             \
    }

#define DEFINE_P2P(kernel)                                                                         \
    DEFINE_DERIVE(kernel)                                                                          \
    P2P_FUNCTION(DP_PER_ISA(dp_p2p_##kernel)) {                                                    \
        const problem p = problem_of(lambda, targets, out, n_sources, sources, carried);           \
        if (!is_plain(&out, &carried))                                                             \
            sum_any(derive_##kernel, 0, &p, n_targets);                                            \
        else if (out.gx)                                                                           \
            sum_at_all(kernel, GRADIENTS, &p, n_targets);                                          \
        else                                                                                       \
            sum_at_all(kernel, POTENTIALS, &p, n_targets);                                         \
    }                                                                                              \
    P2P_FUNCTION(DP_PER_ISA(dp_p2p_squares_##kernel)) {                                            \
        const problem p = problem_of(lambda, targets, out, n_sources, sources, carried);           \
        if (!is_plain(&out, &carried))                                                             \
            sum_any(derive_##kernel, 1, &p, n_targets);                                            \
        else                                                                                       \
            sum_at_all(kernel, SQUARES, &p, n_targets);                                            \
    }

#define DEFINE_REAL_P2P(id, number, kernel, order) DEFINE_P2P(kernel)
DP_EACH_REAL_KERNEL(DEFINE_REAL_P2P)

DEFINE_P2P(helmholtz_real)
DEFINE_P2P(helmholtz_imaginary)

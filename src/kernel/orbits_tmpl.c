/* Sums between points and orbits (kernel/kernel.h), compiled once per instruction set and
 * precision (meson.build).
 *
 * Lanes are points in both directions: an image's 8 sums stay in registers while the points go by
 * (to orbits), or the points' sums while the orbits do (from orbits). The functions here are
 * inlined into one loop for each kernel, with and without gradient; `kernel` and `has_gradient` are
 * constants in each. */
#include "kernel/images.h"

#include "base/per_isa.h"

#define ORBITS_NAME(loop, kernel) DP_PER_ISA(dp_##loop##_##kernel)

/* ---- guesses ahead --------------------------------------------------------------------------- */

#if VEC_AHEAD
/* Vectors of points k ... end - 1 with one orbit. */
VEC_INLINE void look_ahead_points(const block *b, int o, const chunk *c, int k, int end, ahead *a) {
    ahead_range range = AHEAD_RANGE;
    for (int step = 0; k + step < end; step++) {
        images d = images_of(b, o, load_points(c, k + step));
        put_images(a, step, &d, &range);
    }
    ahead_end(a, 8 * (end - k), &range, vec_splat(0));
}

/* Orbits o ... end - 1 with one vector of points. */
VEC_INLINE void look_ahead_orbits(const block *b, int o, int end, point at, ahead *a) {
    ahead_range range = AHEAD_RANGE;
    for (int step = 0; o + step < end; step++) {
        images d = images_of(b, o + step, at);
        put_images(a, step, &d, &range);
    }
    ahead_end(a, 8 * (end - o), &range, vec_splat(0));
}
#else
#define look_ahead_points(b, o, c, k, end, a) ((void)(a))
#define look_ahead_orbits(b, o, end, at, a)   ((void)(a))
#endif

/* ---- to orbits ---------------------------------------------------------------------------- */

/* The sums at the images of orbit o. */
VEC_INLINE void sum_at_orbit(pair_fn *kernel, const pairs_of *p, const chunk *c, int n_vectors,
                             const block *b, int o, real sums[8]) {
    vec sum[8];
    ahead ahead;
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++)
        sum[g] = vec_splat(0);
    for (int k = 0, end; k < n_vectors; k = end) {
        end = k + fewer(n_vectors - k, AHEAD_STEPS);
        look_ahead_points(b, o, c, k, end, &ahead);
        for (int step = 0; k + step < end; step++) {
            vec charge = load(c, 3, k + step);
            images d = images_of(b, o, load_points(c, k + step));
            pair pairs[8];
            evaluate_images(kernel, p, &d, &ahead, step, pairs);
#pragma GCC unroll 8
            for (int g = 0; g < 8; g++)
                sum[g] = vec_fma(charge, pairs[g].value, sum[g]);
        }
    }
    vec_sum_four(sum, sums);
    vec_sum_four(sum + 4, sums + 4);
}

VEC_INLINE void to_orbits(pair_fn *kernel, const pairs_of *p, const dp_orbits *orbits,
                          double *potential, int ld, const dp_frame *frame, int64_t n,
                          dp_soa points, const double *charges) {
    chunk c;
    block b;
    real sums[ORBITS][8];
    for (int64_t i = 0; i < n; i += CHUNK) {
        int m = fewer(n - i, CHUNK);
        double unit = charge_unit(m, charges + i);
        int n_vectors = move_to_frame(frame, m, dp_soa_from(points, i), &c);
        fill_row(m, n_vectors, charges + i, 0, 1 / unit, c.row[3]);
        for (int begin = 0; begin < orbits->n; begin += ORBITS) {
            take_orbits(orbits, begin, &b);
            for (int o = 0; o < b.n; o++)
                sum_at_orbit(kernel, p, &c, n_vectors, &b, o, sums[o]);
            for (int o = b.n; o % GROUP; o++)
                memset(sums[o], 0, sizeof sums[o]);
            add_parities(b.n, sums, unit * pair_unit(p->grade), potential + begin, ld);
        }
    }
}

/* ---- from orbits -------------------------------------------------------------------------- */

/* What the orbits of a block do at vector k of the points. */
VEC_INLINE void sum_at_points(pair_fn *kernel, int has_gradient, const pairs_of *p, const chunk *c,
                              int k, const block *b, chunk *to) {
    point at = load_points(c, k);
    sums s = {0};
    ahead ahead;
    for (int o = 0, end; o < b->n; o = end) {
        end = o + fewer(b->n - o, AHEAD_STEPS);
        look_ahead_orbits(b, o, end, at, &ahead);
        for (int step = 0; o + step < end; step++) {
            images d = images_of(b, o + step, at);
            pair pairs[8];
            vec weight[8];
            evaluate_images(kernel, p, &d, &ahead, step, pairs);
#pragma GCC unroll 8
            for (int g = 0; g < 8; g++) {
                s.potential[g & 1] =
                    vec_fma(vec_splat(b->density[g][o + step]), pairs[g].value, s.potential[g & 1]);
                if (has_gradient)
                    weight[g] =
                        vec_splat(b->density[g][o + step]) * (pairs[g].value * pairs[g].ratio);
            }
            if (has_gradient)
                add_gradients(&d, weight, &s);
        }
    }
    store(to, 0, k, s.potential[0] + s.potential[1]);
    if (!has_gradient)
        return;
    store(to, 1, k, s.gx);
    store(to, 2, k, s.gy);
    store(to, 3, k, s.gz);
}

/* inverse: of half a side; unit: of the densities. */
static void add_sums(int n, const chunk *from, real pair_unit, double inverse, double unit,
                     dp_sums out, int64_t i) {
    double scale = pair_unit * inverse, gradient_scale = -scale * scale * pair_unit;
    add_row(n, from->row[0], scale, unit, out.potential + i);
    if (!out.gx)
        return;
    add_row(n, from->row[1], gradient_scale, unit, out.gx + i);
    add_row(n, from->row[2], gradient_scale, unit, out.gy + i);
    add_row(n, from->row[3], gradient_scale, unit, out.gz + i);
}

VEC_INLINE void from_orbits(pair_fn *kernel, int has_gradient, const pairs_of *p,
                            const dp_orbits *orbits, const double *density, int ld,
                            const dp_frame *frame, int64_t n, dp_soa points, dp_sums out) {
    chunk c, to;
    block b;
    for (int64_t i = 0; i < n; i += CHUNK) {
        int m = fewer(n - i, CHUNK);
        int n_vectors = move_to_frame(frame, m, dp_soa_from(points, i), &c);
        for (int begin = 0; begin < orbits->n; begin += ORBITS) {
            take_orbits(orbits, begin, &b);
            double unit = take_densities(1, density + begin, 0, ld, &b, 0);
            for (int k = 0; k < n_vectors; k++)
                sum_at_points(kernel, has_gradient, p, &c, k, &b, &to);
            add_sums(m, &to, pair_unit(p->grade), 1 / frame->half, unit, out, i);
        }
    }
}

/* ---- one of each for every kernel ------------------------------------------------------------ */

#define DEFINE_LOOPS(to_loop, from_loop, kernel, grade)                                            \
    TO_ORBITS_FUNCTION(ORBITS_NAME(to_loop, kernel)) {                                             \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        to_orbits(kernel, &p, orbits, potential, ld, frame, n, points, charges);                   \
    }                                                                                              \
    FROM_ORBITS_FUNCTION(ORBITS_NAME(from_loop, kernel)) {                                         \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        if (out.gx)                                                                                \
            from_orbits(kernel, 1, &p, orbits, density, ld, frame, n, points, out);                \
        else                                                                                       \
            from_orbits(kernel, 0, &p, orbits, density, ld, frame, n, points, out);                \
    }

#ifdef SIMD_SINGLE
#define EACH_LOOP(kernel)                                                                          \
    DEFINE_LOOPS(to_orbits_single, from_orbits_single, kernel, EXACT)                              \
    DEFINE_LOOPS(to_orbits_rough, from_orbits_rough, kernel, REDUCED)
#else
#define EACH_LOOP(kernel)                                                                          \
    DEFINE_LOOPS(to_orbits, from_orbits, kernel, EXACT)                                            \
    DEFINE_LOOPS(to_orbits_reduced, from_orbits_reduced, kernel, REDUCED)
#endif

#define DEFINE_ORBITS(id, number, kernel, order) EACH_LOOP(kernel)
DP_EACH_REAL_KERNEL(DEFINE_ORBITS)

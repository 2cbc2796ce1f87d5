/* Sums between points and orbits for several charge vectors at once (kernel/kernel.h), compiled
 * once per instruction set and precision (meson.build).
 *
 * What a pair has in common for all vectors is computed once, into a table in the first cache:
 * `tabulate` alone knows the kernel. What is left goes vector by vector, charges or densities by
 * the table, so that no vector knows of the others. */
#include "kernel/images.h"

#include "base/per_isa.h"

/* Code that all kernels share, once. */
#define APART __attribute__((noinline)) static

/* ---- tables ------------------------------------------------------------------------------- */

/* Steps from an orbit and a vector of points on, along the one or along the other. */
typedef struct walk {
    const block *b;
    const chunk *c;
    int o, k; /* where it begins */
    int o_step, k_step, n;
} walk;

/* Of image g at a step: at [step][g]. */
typedef struct table {
    vec (*value)[8], (*weight)[8];
    images *difference; /* by step; without gradient value alone is filled */
} table;

VEC_INLINE images images_at(const walk *w, int step) {
    return images_of(w->b, w->o + step * w->o_step, load_points(w->c, w->k + step * w->k_step));
}

VEC_INLINE void look_ahead(const walk *w, int begin, int end, ahead *a) {
#if VEC_AHEAD
    ahead_range range = AHEAD_RANGE;
    for (int step = begin; step < end; step++) {
        images d = images_at(w, step);
        put_images(a, step - begin, &d, &range);
    }
    ahead_end(a, 8 * (end - begin), &range, vec_splat(0));
#else
    (void)w, (void)begin, (void)end, (void)a;
#endif
}

VEC_INLINE void put_step(int has_gradient, const images *d, const pair pairs[8], int step,
                         const table *to) {
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        to->value[step][g] = pairs[g].value;
        if (has_gradient)
            to->weight[step][g] = pairs[g].value * pairs[g].ratio;
    }
    if (has_gradient)
        to->difference[step] = *d;
}

/* One of each for every kernel, with and without gradient. */
typedef void tabulate_fn(const pairs_of *p, const walk *w, const table *to);

VEC_INLINE void tabulate(pair_fn *kernel, int has_gradient, const pairs_of *p, const walk *w,
                         const table *to) {
    ahead ahead;
    for (int begin = 0, end; begin < w->n; begin = end) {
        end = begin + fewer(w->n - begin, AHEAD_STEPS);
        look_ahead(w, begin, end, &ahead);
        for (int step = begin; step < end; step++) {
            images d = images_at(w, step);
            pair pairs[8];
            evaluate_images(kernel, p, &d, &ahead, step - begin, pairs);
            put_step(has_gradient, &d, pairs, step, to);
        }
    }
}

APART int take_points(const dp_frame *frame, int n, dp_soa points, chunk *to) {
    return move_to_frame(frame, n, points, to);
}

/* ---- to orbits ---------------------------------------------------------------------------- */

/* By orbit of a group and image. */
typedef real group_sums[GROUP][8];

APART void sum_at_orbit(int n_steps, const vec (*value)[8], const real *charge, real sums[8]) {
    vec sum[8];
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++)
        sum[g] = vec_splat(0);
    for (int step = 0; step < n_steps; step++) {
        vec q;
        memcpy(&q, charge + step * VEC_WIDTH, sizeof q);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            sum[g] = vec_fma(q, value[step][g], sum[g]);
    }
    vec_sum_four(sum, sums);
    vec_sum_four(sum + 4, sums + 4);
}

/* Points in the frame with the charges of each vector, in its unit. */
typedef struct charged {
    chunk points;
    _Alignas(64) real charge[DP_MANY][CHUNK];
    double unit[DP_MANY];
    int n_steps; /* vectors of points */
} charged;

APART void take_charges(int n_vectors, int n, const double *charges, int64_t charge_stride,
                        charged *to) {
    for (int v = 0; v < n_vectors; v++, charges += charge_stride) {
        to->unit[v] = charge_unit(n, charges);
        fill_row(n, to->n_steps, charges, 0, 1 / to->unit[v], to->charge[v]);
    }
}

/* The orbits of a group from o on, as far as the block goes. */
static void sum_at_group(tabulate_fn *tabulate, const pairs_of *p, int n_vectors, const charged *c,
                         const block *b, int o, group_sums *sums) {
    vec value[CHUNK / VEC_WIDTH][8];
    memset(sums, 0, (size_t)n_vectors * sizeof *sums);
    for (int i = 0; i < fewer(b->n - o, GROUP); i++) {
        walk w = {b, &c->points, o + i, 0, 0, 1, c->n_steps};
        tabulate(p, &w, &(table){.value = value});
        for (int v = 0; v < n_vectors; v++)
            sum_at_orbit(c->n_steps, value, c->charge[v], sums[v][i]);
    }
}

static void to_orbits(tabulate_fn *tabulate, const pairs_of *p, const dp_orbits *orbits,
                      int n_vectors, double *potential, int64_t vector_ld, int ld,
                      const dp_frame *frame, int64_t n, dp_soa points, const double *charges,
                      int64_t charge_stride) {
    charged c;
    block b;
    group_sums sums[DP_MANY];
    for (int64_t i = 0; i < n; i += CHUNK) {
        int m = fewer(n - i, CHUNK);
        c.n_steps = take_points(frame, m, dp_soa_from(points, i), &c.points);
        take_charges(n_vectors, m, charges + i, charge_stride, &c);
        for (int begin = 0; begin < orbits->n; begin += GROUP) {
            if (begin % ORBITS == 0)
                take_orbits(orbits, begin, &b);
            sum_at_group(tabulate, p, n_vectors, &c, &b, begin % ORBITS, sums);
            for (int v = 0; v < n_vectors; v++)
                add_parities(GROUP, sums[v], c.unit[v] * pair_unit(p->grade),
                             potential + v * vector_ld + begin, ld);
        }
    }
}

/* ---- from orbits -------------------------------------------------------------------------- */

/* A table has ROWS vectors of points by a few orbits, or with gradient one vector by more. */
enum { ROWS = 8, ROW_ORBITS = 8, GRADIENT_ORBITS = 16 };

typedef struct tables {
    vec value[ROWS * ROW_ORBITS][8]; /* row r from r ROW_ORBITS on */
    vec weight[GRADIENT_ORBITS][8];
    images difference[GRADIENT_ORBITS];
} tables;

/* Of one vector of densities: at ROWS vectors of points, or potential and gradient at one. */
typedef real tile_sums[ROWS][VEC_WIDTH];

/* n_rows, a constant: vectors of points. */
VEC_INLINE void sum_potentials(int n_rows, const block *b, int o, int n_orbits, const tables *t,
                               tile_sums sums) {
    vec sum[ROWS];
    memcpy(sum, sums, (size_t)n_rows * sizeof *sum);
    for (int i = 0; i < n_orbits; i++) {
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            vec density = vec_splat(b->density[g][o + i]);
#pragma GCC unroll 8
            for (int r = 0; r < n_rows; r++)
                sum[r] = vec_fma(density, t->value[r * ROW_ORBITS + i][g], sum[r]);
        }
    }
    memcpy(sums, sum, (size_t)n_rows * sizeof *sum);
}

APART void sum_gradients(const block *b, int o, int n_orbits, const tables *t, tile_sums to) {
    sums s = {0};
    memcpy(&s.potential[0], to[0], sizeof(vec));
    memcpy(&s.gx, to[1], sizeof(vec));
    memcpy(&s.gy, to[2], sizeof(vec));
    memcpy(&s.gz, to[3], sizeof(vec));
    for (int i = 0; i < n_orbits; i++) {
        vec weight[8];
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            vec density = vec_splat(b->density[g][o + i]);
            s.potential[g & 1] = vec_fma(density, t->value[i][g], s.potential[g & 1]);
            weight[g] = density * t->weight[i][g];
        }
        add_gradients(&t->difference[i], weight, &s);
    }
    s.potential[0] += s.potential[1];
    memcpy(to[0], &s.potential[0], sizeof(vec));
    memcpy(to[1], &s.gx, sizeof(vec));
    memcpy(to[2], &s.gy, sizeof(vec));
    memcpy(to[3], &s.gz, sizeof(vec));
}

/* By vector of densities; the orbits are those of the first. */
typedef struct blocks {
    block of[DP_MANY];
    double unit[DP_MANY];
} blocks;

APART void take_blocks(const dp_orbits *orbits, int begin, int n_vectors, const double *density,
                       int64_t vector_ld, int ld, blocks *to) {
    take_orbits(orbits, begin, &to->of[0]);
    for (int v = 0; v < n_vectors; v++) {
        to->of[v].n = to->of[0].n;
        to->unit[v] = take_densities(density + v * vector_ld + begin, ld, &to->of[v]);
    }
}

/* What the blocks do at vectors k ... k + n_rows - 1 of the points. */
static void sum_at_tile(tabulate_fn *tabulate, int has_gradient, const pairs_of *p, int n_vectors,
                        const blocks *b, const chunk *c, int k, int n_rows, tables *t,
                        tile_sums *sums) {
    const block *first = &b->of[0];
    memset(sums, 0, (size_t)n_vectors * sizeof *sums);
    for (int o = 0, n; o < first->n; o += n) {
        n = fewer(first->n - o, has_gradient ? GRADIENT_ORBITS : ROW_ORBITS);
        for (int r = 0; r < n_rows; r++) {
            walk w = {first, c, o, k + r, 1, 0, n};
            tabulate(p, &w, &(table){t->value + r * ROW_ORBITS, t->weight, t->difference});
        }
        for (int v = 0; v < n_vectors; v++)
            if (has_gradient)
                sum_gradients(&b->of[v], o, n, t, sums[v]);
            else if (n_rows > ROWS / 2)
                sum_potentials(ROWS, &b->of[v], o, n, t, sums[v]);
            else
                sum_potentials(ROWS / 2, &b->of[v], o, n, t, sums[v]);
    }
}

/* inverse: of half a side; unit: of the densities. */
APART void add_tile(int n, const tile_sums from, real pair_unit, double inverse, double unit,
                    dp_sums out) {
    double scale = pair_unit * inverse, gradient_scale = -scale * scale * pair_unit;
    add_row(n, from[0], scale, unit, out.potential);
    if (!out.gx)
        return;
    add_row(n, from[1], gradient_scale, unit, out.gx);
    add_row(n, from[2], gradient_scale, unit, out.gy);
    add_row(n, from[3], gradient_scale, unit, out.gz);
}

static void from_orbits(tabulate_fn *tabulate, const pairs_of *p, const dp_orbits *orbits,
                        int n_vectors, const double *density, int64_t vector_ld, int ld,
                        const dp_frame *frame, int64_t n, dp_soa points, dp_sums out,
                        int64_t out_stride) {
    chunk c;
    blocks b;
    tables t;
    _Alignas(64) tile_sums sums[DP_MANY];
    int has_gradient = out.gx != NULL, width = has_gradient ? 1 : ROWS;
    memset(t.value, 0, sizeof t.value); /* a last tile does not fill all rows */
    for (int64_t i = 0; i < n; i += CHUNK) {
        int m = fewer(n - i, CHUNK);
        int n_steps = take_points(frame, m, dp_soa_from(points, i), &c);
        for (int begin = 0; begin < orbits->n; begin += ORBITS) {
            take_blocks(orbits, begin, n_vectors, density, vector_ld, ld, &b);
            for (int k = 0; k < n_steps; k += width) {
                int at = k * VEC_WIDTH;
                sum_at_tile(tabulate, has_gradient, p, n_vectors, &b, &c, k,
                            fewer(n_steps - k, width), &t, sums);
                for (int v = 0; v < n_vectors; v++)
                    add_tile(fewer(m - at, width * VEC_WIDTH), sums[v], pair_unit(p->grade),
                             1 / frame->half, b.unit[v],
                             dp_sums_from(out, v * out_stride + i + at));
            }
        }
    }
}

/* ---- one of each for every kernel ------------------------------------------------------------ */

#define MANY_NAME(loop, kernel) DP_PER_ISA(dp_##loop##_##kernel)

#define DEFINE_TABLE(name, kernel, has_gradient, grade)                                            \
    static void name##_##grade(const pairs_of *p, const walk *w, const table *t) {                 \
        const pairs_of constant = {grade, p->unit_lambda};                                         \
        tabulate(kernel, has_gradient, &constant, w, t);                                           \
    }

#define DEFINE_LOOPS(to_loop, from_loop, kernel, grade)                                            \
    DEFINE_TABLE(kernel##_values, kernel, 0, grade)                                                \
    DEFINE_TABLE(kernel##_gradients, kernel, 1, grade)                                             \
    TO_ORBITS_MANY_FUNCTION(MANY_NAME(to_loop, kernel)) {                                          \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        to_orbits(kernel##_values_##grade, &p, orbits, n_vectors, potential, vector_ld, ld, frame, \
                  n, points, charges, charge_stride);                                              \
    }                                                                                              \
    FROM_ORBITS_MANY_FUNCTION(MANY_NAME(from_loop, kernel)) {                                      \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        from_orbits(out.gx ? kernel##_gradients_##grade : kernel##_values_##grade, &p, orbits,     \
                    n_vectors, density, vector_ld, ld, frame, n, points, out, out_stride);         \
    }

#ifdef SIMD_SINGLE
#define EACH_LOOP(kernel)                                                                          \
    DEFINE_LOOPS(to_orbits_many_single, from_orbits_many_single, kernel, EXACT)                    \
    DEFINE_LOOPS(to_orbits_many_rough, from_orbits_many_rough, kernel, REDUCED)
#else
#define EACH_LOOP(kernel)                                                                          \
    DEFINE_LOOPS(to_orbits_many, from_orbits_many, kernel, EXACT)                                  \
    DEFINE_LOOPS(to_orbits_many_reduced, from_orbits_many_reduced, kernel, REDUCED)
#endif

EACH_LOOP(laplace)
EACH_LOOP(yukawa)

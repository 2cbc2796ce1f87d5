/* Sums between points and orbits of whatever points carry, in any number of vectors, and of
 * whatever sums are wanted (kernel/kernel.h), compiled once per instruction set and precision
 * (meson.build).
 *
 * What a pair has in common for all vectors is computed once, into a table in the first cache:
 * `tabulate` alone knows the kernel. What is left goes vector by vector by the table
 * (kernel/image_sums.h), so that no vector knows of the others. */
#include "kernel/image_sums.h"

#include "base/per_isa.h"

APART int take_points(const dp_frame *frame, int n, dp_soa points, chunk *to) {
    return move_to_frame(frame, n, points, to);
}

/* ---- to orbits ---------------------------------------------------------------------------- */

/* By orbit of a group and image. */
typedef real group_sums[GROUP][8];

/* Points in the frame with what they carry in each vector, in its unit; dipoles times what makes
 * their sums those of charges. */
typedef struct carriers {
    chunk points;
    _Alignas(64) real charge[DP_MANY][CHUNK];
    _Alignas(64) real dipole[DP_MANY][3][DIPOLES];
    double unit[DP_MANY];
    int n_steps; /* vectors of points */
    int has_charges, has_dipoles;
} carriers;

/* In which charges are counted, and dipoles over half a side. Not so small that its reciprocal
 * times that of half a side is infinite. */
#ifdef SIMD_SINGLE
static double carried_unit(int n, dp_carried carried, double inverse) {
    const dp_soa *p = &carried.dipole;
    if (!p->x)
        return charge_unit(n, carried.charge);
    doubles most = {0}, dipole = {0};
    if (carried.charge)
        take_row(n, carried.charge, &most);
    take_row(n, p->x, &dipole);
    take_row(n, p->y, &dipole);
    take_row(n, p->z, &dipole);
    dipole *= inverse;
    take_larger((const double *)&dipole, &most);
    return fmax(unit_of(&most), 0x1p-960);
}
#else
#define carried_unit(n, carried, inverse) 1.
#endif

APART void take_dipoles(int n, int n_steps, dp_soa dipoles, double scale, real to[3][DIPOLES]) {
    fill_row(n, n_steps, dipoles.x, 0, scale, to[0]);
    fill_row(n, n_steps, dipoles.y, 0, scale, to[1]);
    fill_row(n, n_steps, dipoles.z, 0, scale, to[2]);
}

/* dipole_unit: what makes sums of dipoles, in half sides, those of charges. */
APART void take_carried(int n_vectors, int n, dp_carried carried, int64_t carried_stride,
                        double inverse, double dipole_unit, carriers *to) {
    for (int v = 0; v < n_vectors; v++) {
        dp_carried from = dp_carried_from(carried, v * carried_stride);
        double unit = to->unit[v] = carried_unit(n, from, inverse);
        if (from.charge)
            fill_row(n, to->n_steps, from.charge, 0, 1 / unit, to->charge[v]);
        if (from.dipole.x)
            take_dipoles(n, to->n_steps, from.dipole, dipole_unit * inverse / unit, to->dipole[v]);
    }
}

static void sum_at_one(int n_vectors, const carriers *c, const carriers_table *t, int i,
                       group_sums *sums) {
    for (int v = 0; v < n_vectors; v++) {
        if (c->has_charges)
            sum_at_orbit(c->n_steps, t->value, c->charge[v], sums[v][i]);
        if (c->has_dipoles)
            add_dipoles_at_orbit(c->n_steps, t, c->dipole[v], sums[v][i]);
    }
}

/* The orbits of a group from o on, as far as the block goes. Sums of all vectors, by the first part
 * of the kernel and then by the second. */
static void sum_at_group(tabulate_fn *tabulate, int n_parts, const pairs_of *p, int n_vectors,
                         const carriers *c, const block *b, int o, group_sums *sums) {
    carriers_table t[2];
    const table to[] = {{t[0].value, t[0].weight, t[0].difference, NULL},
                        {t[1].value, t[1].weight, t[1].difference, NULL}};
    memset(sums, 0, (size_t)(n_parts * n_vectors) * sizeof *sums);
    for (int i = 0; i < fewer(b->n - o, GROUP); i++) {
        walk w = {b, &c->points, o + i, 0, 0, 1, c->n_steps};
        tabulate(p, &w, to);
        for (int k = 0; k < n_parts; k++)
            sum_at_one(n_vectors, c, &t[k], i, sums + k * n_vectors);
    }
}

static void to_orbits(tabulate_fn *const *by_order, int n_parts, const pairs_of *p,
                      const dp_orbits *orbits, int n_vectors, double *potential, int64_t vector_ld,
                      int ld, const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                      int64_t carried_stride) {
    carriers c;
    block b;
    group_sums sums[DP_MANY];
    double unit = pair_unit(p->grade);
    c.has_charges = carried.charge != NULL;
    c.has_dipoles = carried.dipole.x != NULL;
    int most = c.has_dipoles || n_parts > 1 ? DIPOLES : CHUNK;
    for (int64_t i = 0; i < n; i += most) {
        int m = fewer(n - i, most);
        c.n_steps = take_points(frame, m, dp_soa_from(points, i), &c.points);
        take_carried(n_vectors, m, dp_carried_from(carried, i), carried_stride, 1 / frame->half,
                     -unit * unit, &c);
        for (int begin = 0; begin < orbits->n; begin += GROUP) {
            if (begin % ORBITS == 0)
                take_orbits(orbits, begin, &b);
            sum_at_group(by_order[c.has_dipoles], n_parts, p, n_vectors, &c, &b, begin % ORBITS,
                         sums);
            for (int v = 0; v < n_parts * n_vectors; v++)
                add_parities(GROUP, sums[v], c.unit[v % n_vectors] * unit,
                             potential + v * vector_ld + begin, ld);
        }
    }
}

/* ---- from orbits -------------------------------------------------------------------------- */

/* By vector of densities; the orbits are those of the first. */
typedef struct blocks {
    block of[DP_MANY];
    double unit[DP_MANY];
} blocks;

APART void take_blocks(int n_parts, const dp_orbits *orbits, int begin, int n_vectors,
                       const double *density, int64_t vector_ld, int ld, blocks *to) {
    take_orbits(orbits, begin, &to->of[0]);
    for (int v = 0; v < n_vectors; v++) {
        to->of[v].n = to->of[0].n;
        to->unit[v] = take_densities(n_parts, density + v * vector_ld + begin,
                                     n_vectors * vector_ld, ld, &to->of[v], n_vectors);
    }
}

/* What the blocks do at vectors k ... k + n_rows - 1 of the points. Each part of the kernel has
 * densities of its own: those of the second are behind all of the first. */
static void sum_at_tile(tabulate_fn *tabulate, int n_parts, int order, const pairs_of *p,
                        int n_vectors, const blocks *b, const chunk *c, int k, int n_rows,
                        tables t[2], tile_sums *sums) {
    const block *first = &b->of[0];
    memset(sums, 0, (size_t)n_vectors * sizeof *sums);
    for (int o = 0, n; o < first->n; o += n) {
        n = fewer(first->n - o, order ? DERIVATIVE_ORBITS : ROW_ORBITS);
        for (int r = 0; r < n_rows; r++) {
            walk w = {first, c, o, k + r, 1, 0, n};
            const table to[] = {
                {t[0].value + r * ROW_ORBITS, t[0].weight, t[0].difference, t[0].curvature},
                {t[1].value + r * ROW_ORBITS, t[1].weight, t[1].difference, NULL}};
            tabulate(p, &w, to);
        }
        for (int part = 0; part < n_parts; part++)
            for (int v = 0; v < n_vectors; v++)
                sum_by_tables(order, n_rows, &b->of[part * n_vectors + v], o, n, &t[part], sums[v]);
    }
}

APART void add_second_rows(int n, tile_sums from, real pair_unit, double scale, double unit,
                           const dp_sums *out, int64_t at) {
    take_weights(pair_unit, from);
    for (int k = 0; k < DP_N_SECOND; k++)
        add_row(n, from[DP_GRADIENT + k], scale, unit, out->hessian[k] + at);
}

/* To numbers `at` and behind of the rows of out. inverse: of half a side; unit: of the densities.
 */
APART void add_tile(int n, tile_sums from, real pair_unit, double inverse, double unit,
                    const dp_sums *out, int64_t at) {
    double scale = pair_unit * inverse, gradient_scale = -scale * scale * pair_unit;
    add_row(n, from[0], scale, unit, out->potential + at);
    if (!out->gx)
        return;
    add_row(n, from[1], gradient_scale, unit, out->gx + at);
    add_row(n, from[2], gradient_scale, unit, out->gy + at);
    add_row(n, from[3], gradient_scale, unit, out->gz + at);
    if (out->hessian[0])
        add_second_rows(n, from, pair_unit, -gradient_scale * scale * pair_unit, unit, out, at);
}

static void from_orbits(tabulate_fn *const *by_order, int n_parts, const pairs_of *p,
                        const dp_orbits *orbits, int n_vectors, const double *density,
                        int64_t vector_ld, int ld, const dp_frame *frame, int64_t n, dp_soa points,
                        dp_sums out, int64_t out_stride) {
    chunk c;
    blocks b;
    tables t[2];
    _Alignas(64) tile_sums sums[DP_MANY];
    int order = out.hessian[0] ? 2 : out.gx ? 1 : 0, width = order ? 1 : ROWS / n_parts;
    for (int part = 0; !order && part < n_parts; part++) /* a last tile does not fill all rows */
        memset(t[part].value, 0, sizeof t[part].value);
    for (int64_t i = 0; i < n; i += CHUNK) {
        int m = fewer(n - i, CHUNK);
        int n_steps = take_points(frame, m, dp_soa_from(points, i), &c);
        for (int begin = 0; begin < orbits->n; begin += ORBITS) {
            take_blocks(n_parts, orbits, begin, n_vectors, density, vector_ld, ld, &b);
            for (int k = 0; k < n_steps; k += width) {
                int at = k * VEC_WIDTH;
                sum_at_tile(by_order[order], n_parts, order, p, n_vectors, &b, &c, k,
                            fewer(n_steps - k, width), t, sums);
                for (int v = 0; v < n_vectors; v++)
                    add_tile(fewer(m - at, width * VEC_WIDTH), sums[v], pair_unit(p->grade),
                             1 / frame->half, b.unit[v], &out, v * out_stride + i + at);
            }
        }
    }
}

/* ---- one of each for every kernel ------------------------------------------------------------ */

#define MANY_NAME(loop, kernel) DP_PER_ISA(dp_##loop##_##kernel)

#define DEFINE_TABLE(kernel, order, grade)                                                         \
    static void kernel##_##order##_##grade(const pairs_of *p, const walk *w, const table *t) {     \
        const pairs_of constant = {grade, p->unit_lambda};                                         \
        tabulate(kernel, order, &constant, w, t);                                                  \
    }

#define DEFINE_BOTH(to_loop, from_loop, kernel, n_parts, grade)                                    \
    TO_ORBITS_MANY_FUNCTION(MANY_NAME(to_loop, kernel)) {                                          \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        to_orbits(kernel##_##grade, n_parts, &p, orbits, n_vectors, potential, vector_ld, ld,      \
                  frame, n, points, carried, carried_stride);                                      \
    }                                                                                              \
    FROM_ORBITS_MANY_FUNCTION(MANY_NAME(from_loop, kernel)) {                                      \
        const pairs_of p = PAIRS_OF(grade);                                                        \
        from_orbits(kernel##_##grade, n_parts, &p, orbits, n_vectors, density, vector_ld, ld,      \
                    frame, n, points, out, out_stride);                                            \
    }

/* By the highest order of derivatives that targets may want. */
#define TABLES_TO_1(kernel, grade)                                                                 \
    DEFINE_TABLE(kernel, 0, grade)                                                                 \
    DEFINE_TABLE(kernel, 1, grade)                                                                 \
    static tabulate_fn *const kernel##_##grade[] = {kernel##_0_##grade, kernel##_1_##grade};
#define TABLES_TO_2(kernel, grade)                                                                 \
    DEFINE_TABLE(kernel, 0, grade)                                                                 \
    DEFINE_TABLE(kernel, 1, grade)                                                                 \
    DEFINE_TABLE(kernel, 2, grade)                                                                 \
    static tabulate_fn *const kernel##_##grade[] = {kernel##_0_##grade, kernel##_1_##grade,        \
                                                    kernel##_2_##grade};

/* A complex kernel's. */
#define DEFINE_WAVE_TABLE(kernel, order, grade)                                                    \
    static void kernel##_##order##_##grade(const pairs_of *p, const walk *w, const table *t) {     \
        const pairs_of constant = {grade, p->unit_lambda};                                         \
        tabulate_waves(order, &constant, w, t);                                                    \
    }
#define WAVE_TABLES(kernel, grade)                                                                 \
    DEFINE_WAVE_TABLE(kernel, 0, grade)                                                            \
    DEFINE_WAVE_TABLE(kernel, 1, grade)                                                            \
    static tabulate_fn *const kernel##_##grade[] = {kernel##_0_##grade, kernel##_1_##grade};

#define DEFINE_LOOPS(to_loop, from_loop, kernel, tables, n_parts, grade)                           \
    tables(kernel, grade) DEFINE_BOTH(to_loop, from_loop, kernel, n_parts, grade)

#ifdef SIMD_SINGLE
#define EACH_LOOP(kernel, tables, n_parts)                                                         \
    DEFINE_LOOPS(to_orbits_many_single, from_orbits_many_single, kernel, tables, n_parts, EXACT)   \
    DEFINE_LOOPS(to_orbits_many_rough, from_orbits_many_rough, kernel, tables, n_parts, REDUCED)
#else
#define EACH_LOOP(kernel, tables, n_parts)                                                         \
    DEFINE_LOOPS(to_orbits_many, from_orbits_many, kernel, tables, n_parts, EXACT)                 \
    DEFINE_LOOPS(to_orbits_many_reduced, from_orbits_many_reduced, kernel, tables, n_parts, REDUCED)
#endif

#define DEFINE_ORBITS_MANY(id, number, kernel, order) EACH_LOOP(kernel, TABLES_TO_##order, 1)
DP_EACH_REAL_KERNEL(DEFINE_ORBITS_MANY)
EACH_LOOP(helmholtz, WAVE_TABLES, 2)

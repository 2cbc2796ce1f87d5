/* What one vector of what points carry, or of densities, makes of a table (kernel/image_table.h):
 * code that all kernels share, once. */
#ifndef DP_KERNEL_IMAGE_SUMS_H
#define DP_KERNEL_IMAGE_SUMS_H

#include "kernel/image_table.h"

#define APART __attribute__((noinline)) static

VEC_INLINE vec load_row(const real *row, int k) {
    vec v;
    memcpy(&v, row + k * VEC_WIDTH, sizeof v);
    return v;
}

VEC_INLINE void store_row(real *row, vec v) {
    memcpy(row, &v, sizeof v);
}

/* ---- at the images of an orbit -------------------------------------------------------------- */

/* Points at a time: with dipoles fewer, in double, so that a table takes 22 KiB at most. */
#define DIPOLES ((int)(CHUNK / 2 * (sizeof(double) / sizeof(real))))

typedef struct carriers_table {
    vec value[CHUNK / VEC_WIDTH][8], weight[DIPOLES / VEC_WIDTH][8];
    images difference[DIPOLES / VEC_WIDTH];
} carriers_table;

APART void sum_at_orbit(int n_steps, const vec (*value)[8], const real *charge, real sums[8]) {
    vec sum[8];
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++)
        sum[g] = vec_splat(0);
    for (int step = 0; step < n_steps; step++) {
        vec q = load_row(charge, step);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            sum[g] = vec_fma(q, value[step][g], sum[g]);
    }
    vec_sum_four(sum, sums);
    vec_sum_four(sum + 4, sums + 4);
}

/* Dipoles by their differences: 14 operations, and 8 of the sums. */
APART void add_dipoles_at_orbit(int n_steps, const carriers_table *t, const real dipole[3][DIPOLES],
                                real sums[8]) {
    vec sum[8];
    real all[8];
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++)
        sum[g] = vec_splat(0);
    for (int step = 0; step < n_steps; step++) {
        const images *d = &t->difference[step];
        vec x = load_row(dipole[0], step), y = load_row(dipole[1], step);
        vec z = load_row(dipole[2], step), along[4];
#pragma GCC unroll 8
        for (int g = 0; g < 4; g++)
            along[g] = vec_fma(y, d->dy[g >> 1], x * d->dx[g & 1]);
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            sum[g] = vec_fma(t->weight[step][g], vec_fma(z, d->dz[g >> 2], along[g & 3]), sum[g]);
    }
    vec_sum_four(sum, all);
    vec_sum_four(sum + 4, all + 4);
    for (int g = 0; g < 8; g++)
        sums[g] += all[g];
}

/* ---- at vectors of points ------------------------------------------------------------------- */

/* A table has ROWS vectors of points by a few orbits, or with derivatives one vector by more. */
enum { ROWS = 8, ROW_ORBITS = 8, DERIVATIVE_ORBITS = 16 };

typedef struct tables {
    vec value[ROWS * ROW_ORBITS][8]; /* row r from r ROW_ORBITS on */
    vec weight[DERIVATIVE_ORBITS][8];
    images difference[DERIVATIVE_ORBITS];
    vec curvature[DERIVATIVE_ORBITS][8];
} tables;

/* Of one vector of densities: potentials at ROWS vectors of points, or all sums at one, and behind
 * them the sum of the weights. */
enum { WEIGHTS = DP_HESSIAN };
typedef real tile_sums[DP_HESSIAN + 1][VEC_WIDTH];

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

VEC_INLINE void sum_weighted(int has_weights, const block *b, int o, int n_orbits, const tables *t,
                             tile_sums to) {
    sums s = {0};
    vec weights = load_row(to[WEIGHTS], 0);
    s.potential[0] = load_row(to[0], 0);
    s.gx = load_row(to[1], 0);
    s.gy = load_row(to[2], 0);
    s.gz = load_row(to[3], 0);
    for (int i = 0; i < n_orbits; i++) {
        vec weight[8];
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            vec density = vec_splat(b->density[g][o + i]);
            s.potential[g & 1] = vec_fma(density, t->value[i][g], s.potential[g & 1]);
            weight[g] = density * t->weight[i][g];
        }
        if (has_weights)
            weights += sum_images(weight);
        add_gradients(&t->difference[i], weight, &s);
    }
    store_row(to[0], s.potential[0] + s.potential[1]);
    store_row(to[1], s.gx);
    store_row(to[2], s.gy);
    store_row(to[3], s.gz);
    if (has_weights)
        store_row(to[WEIGHTS], weights);
}

APART void sum_gradients(const block *b, int o, int n_orbits, const tables *t, tile_sums to) {
    sum_weighted(0, b, o, n_orbits, t, to);
}

typedef struct second_sums {
    vec xx, xy, xz, yy, yz, zz;
} second_sums;

/* Products of differences, each with the sum of what the images that share it weigh. */
VEC_INLINE void add_second(const images *d, const vec c[8], second_sums *s) {
    const vec *x = d->dx, *y = d->dy, *z = d->dz;
    vec xy[4] = {c[0] + c[4], c[1] + c[5], c[2] + c[6], c[3] + c[7]};
    vec xz[4] = {c[0] + c[2], c[1] + c[3], c[4] + c[6], c[5] + c[7]};
    vec yz[4] = {c[0] + c[1], c[2] + c[3], c[4] + c[5], c[6] + c[7]};
#pragma GCC unroll 8
    for (int i = 0; i < 2; i++) {
        s->xx = vec_fma((xy[i] + xy[i + 2]) * x[i], x[i], s->xx);
        s->yy = vec_fma((xy[2 * i] + xy[2 * i + 1]) * y[i], y[i], s->yy);
        s->zz = vec_fma((xz[2 * i] + xz[2 * i + 1]) * z[i], z[i], s->zz);
        s->xy = vec_fma(vec_fma(xy[2 * i + 1], x[1], xy[2 * i] * x[0]), y[i], s->xy);
        s->xz = vec_fma(vec_fma(xz[2 * i + 1], x[1], xz[2 * i] * x[0]), z[i], s->xz);
        s->yz = vec_fma(vec_fma(yz[2 * i + 1], y[1], yz[2 * i] * y[0]), z[i], s->yz);
    }
}

/* The second derivatives but for what is taken from xx, yy and zz. */
APART void sum_second(const block *b, int o, int n_orbits, const tables *t, tile_sums to) {
    second_sums s;
    memcpy(&s, to[DP_GRADIENT], sizeof s);
    for (int i = 0; i < n_orbits; i++) {
        vec c[8];
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++)
            c[g] = vec_splat(b->density[g][o + i]) * t->curvature[i][g];
        add_second(&t->difference[i], c, &s);
    }
    memcpy(to[DP_GRADIENT], &s, sizeof s);
}

APART void sum_hessians(const block *b, int o, int n_orbits, const tables *t, tile_sums to) {
    sum_weighted(1, b, o, n_orbits, t, to);
    sum_second(b, o, n_orbits, t, to);
}

/* What a piece of a block does by the tables. */
static void sum_by_tables(int order, int n_rows, const block *b, int o, int n, const tables *t,
                          tile_sums sums) {
    if (order == 2)
        sum_hessians(b, o, n, t, sums);
    else if (order == 1)
        sum_gradients(b, o, n, t, sums);
    else if (n_rows > ROWS / 2)
        sum_potentials(ROWS, b, o, n, t, sums);
    else
        sum_potentials(ROWS / 2, b, o, n, t, sums);
}

/* From xx, yy and zz. */
static void take_weights(real pair_unit, tile_sums sums) {
    static const int same[] = {DP_GRADIENT, DP_GRADIENT + 3, DP_GRADIENT + 5};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < VEC_WIDTH; i++)
            sums[same[k]][i] -= sums[WEIGHTS][i] / (pair_unit * pair_unit);
}

#endif

/* What the loops between points and orbits share: points and orbits in the frame, sums by image and
 * by parity, and the pairs of a point with the 8 images of an orbit. Compiled once per instruction
 * set and precision, as a part of orbits_tmpl.c and orbits_many_tmpl.c. */
#ifndef DP_KERNEL_IMAGES_H
#define DP_KERNEL_IMAGES_H

#include "kernel/orbits.h"
#include "kernel/pairs.h"
#include "kernel/strip.h"

#include "kernel/ahead.h"

#include <math.h>
#include <string.h>

#define CHUNK  256 /* points at a time: moved into the frame, on the stack */
#define ORBITS 32  /* orbits at a time: in single, as many terms as may pile up are 8 times that */

/* The 8 images take part in a chunk of guesses made ahead. */
#define AHEAD_STEPS (VEC_AHEAD ? VEC_AHEAD / 8 : CHUNK)

typedef struct chunk {
    _Alignas(64) real row[4][CHUNK]; /* x, y, z; charges, or sums */
} chunk;

typedef struct block {
    int n;
    real x[ORBITS], y[ORBITS], z[ORBITS];
    real density[8][ORBITS]; /* by image */
} block;

typedef struct pairs_of {
    pair_grade grade; /* a constant in every loop, like `kernel` and `has_gradient` */
    vec_lambda unit_lambda;
} pairs_of;

/* Where lambda is the caller's. */
#define PAIRS_OF(grade)                                                                            \
    { grade, splat_lambda(lambda, pair_unit(grade)) }

static int fewer(int64_t n, int most) {
    return n < most ? (int)n : most;
}

/* ---- into the frame, and back ------------------------------------------------------------- */

/* Rows of a box's points are short, and of any length: they are read in groups of 8, of which the
 * last overlaps the one before it. */
#define GROUP DP_ORBIT_PAD
typedef double doubles __attribute__((vector_size(8 * GROUP), aligned(8), may_alias));
typedef int64_t longs __attribute__((vector_size(8 * GROUP), aligned(8), may_alias));
typedef real reals
    __attribute__((vector_size(sizeof(real) * GROUP), aligned(sizeof(real)), may_alias));

VEC_INLINE int group_at(int i, int n) {
    return i + GROUP <= n ? i : n - GROUP;
}

VEC_INLINE void move_group(const double *from, double centre, double scale, real *to) {
    *(reals *)to = __builtin_convertvector((*(const doubles *)from - centre) * scale, reals);
}

/* n numbers, at least GROUP. */
static void move_row(int n, const double *from, double centre, double scale, real *to) {
    for (int i = 0; i < n; i += GROUP)
        move_group(from + group_at(i, n), centre, scale, to + group_at(i, n));
}

/* Fewer. */
static void move_few(int n, const double *from, double centre, double scale, real *to) {
    for (int i = 0; i < n; i++)
        to[i] = (real)((from[i] - centre) * scale);
}

/* Idle lanes lie in the centre and have no charge. */
static void fill_row(int n, int n_vectors, const double *from, double centre, double scale,
                     real *to) {
    memset(to + (n_vectors - 1) * VEC_WIDTH, 0, VEC_WIDTH * sizeof(real));
    if (n >= GROUP)
        move_row(n, from, centre, scale, to);
    else
        move_few(n, from, centre, scale, to);
}

/* n points to the rows. Returns how many vectors that is. */
static int move_to_frame(const dp_frame *frame, int n, dp_soa points, chunk *to) {
    int n_vectors = (n + VEC_WIDTH - 1) / VEC_WIDTH;
    double inverse = 1 / frame->half;
    fill_row(n, n_vectors, points.x, frame->centre[0], inverse, to->row[0]);
    fill_row(n, n_vectors, points.y, frame->centre[1], inverse, to->row[1]);
    fill_row(n, n_vectors, points.z, frame->centre[2], inverse, to->row[2]);
    return n_vectors;
}

#ifdef SIMD_SINGLE
/* The larger by size, lane by lane. */
VEC_INLINE void take_larger(const double *x, doubles *most) {
    longs size = (longs)(*(const doubles *)x) & INT64_MAX, more = (doubles)size > *most;
    *most = (doubles)((more & size) | (~more & (longs)*most));
}

/* In which charges are counted: about as large as the largest, or the smallest that has a
 * reciprocal; single holds what is then left of the least double. */
static double unit_of(const doubles *most) {
    double size[GROUP];
    memcpy(size, most, sizeof size);
#pragma GCC unroll 8
    for (int step = GROUP / 2; step > 0; step /= 2)
        for (int k = 0; k < step; k++)
            size[k] = size[k] > size[k + step] ? size[k] : size[k + step];
    return dp_strip_charge_unit(size[0] > 0x1p-1000 ? size[0] : 0x1p-1000);
}

/* The n numbers of a row. */
static void take_row(int n, const double *row, doubles *most) {
    for (int i = 0; n >= GROUP && i < n; i += GROUP)
        take_larger(row + group_at(i, n), most);
    for (int i = 0; n < GROUP && i < n; i++)
        (*most)[i] = fmax((*most)[i], fabs(row[i]));
}

static double charge_unit(int n, const double *charges) {
    doubles most = {0};
    take_row(n, charges, &most);
    return unit_of(&most);
}
#else
#define take_larger(x, most)    ((void)(most))
#define unit_of(most)           1.
#define charge_unit(n, charges) 1.
#endif

/* Two factors: their product may overflow where the results do not. */
static void add_row(int n, const real *restrict from, double scale, double unit,
                    double *restrict to) {
    for (int i = 0; i < n; i++)
        to[i] += (double)from[i] * scale * unit;
}

/* Rows over orbits are padded to whole groups. */
static void take_orbits(const dp_orbits *orbits, int begin, block *to) {
    to->n = fewer(orbits->n - begin, ORBITS);
    for (int i = 0; i < to->n; i += GROUP) {
        move_group(orbits->x + begin + i, 0, 1, to->x + i);
        move_group(orbits->y + begin + i, 0, 1, to->y + i);
        move_group(orbits->z + begin + i, 0, 1, to->z + i);
    }
}

/* From images to parities (a Walsh-Hadamard transform) and, but for a factor 8, back. */
VEC_INLINE void reflect(doubles v[8]) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) {
        int step = 1 << i / 4, low = i % 4 / step * 2 * step + i % step;
        doubles a = v[low], b = v[low + step];
        v[low] = a + b;
        v[low + step] = a - b;
    }
}

static void add_parities(int n, real sums[ORBITS][8], double scale, double *potential, int ld) {
    for (int o = 0; o < n; o += GROUP) {
        doubles v[8];
        for (int g = 0; g < 8; g++)
            for (int k = 0; k < GROUP; k++)
                v[g][k] = sums[o + k][g];
        reflect(v);
        for (int a = 0; a < 8; a++)
            *(doubles *)(potential + a * ld + o) += scale * v[a];
    }
}

/* By image, in the unit that is returned. Of a complex kernel the densities for its imaginary part,
 * part_ld numbers behind, go to the block that is part_step further, in the same unit. */
static double take_densities(int n_parts, const double *density, int64_t part_ld, int ld, block *to,
                             int part_step) {
    doubles v[2][ORBITS / GROUP][8], most = {0};
    for (int part = 0; part < n_parts; part++)
        for (int i = 0; i * GROUP < to->n; i++) {
            doubles *by = v[part][i];
            for (int a = 0; a < 8; a++)
                by[a] = *(const doubles *)(density + part * part_ld + a * ld + i * GROUP);
            reflect(by);
            for (int g = 0; g < 8; g++)
                take_larger((const double *)&by[g], &most);
        }
    double unit = unit_of(&most), inverse = 1 / unit;
    for (int part = 0; part < n_parts; part++)
        for (int i = 0; i * GROUP < to->n; i++)
            for (int g = 0; g < 8; g++)
                *(reals *)(to[part * part_step].density[g] + i * GROUP) =
                    __builtin_convertvector(v[part][i][g] * inverse, reals);
    return unit;
}

/* ---- pairs -------------------------------------------------------------------------------- */

typedef struct point {
    vec x, y, z;
} point;

VEC_INLINE vec load(const chunk *c, int row, int k) {
    vec v;
    memcpy(&v, c->row[row] + k * VEC_WIDTH, sizeof v);
    return v;
}

VEC_INLINE void store(chunk *c, int row, int k, vec v) {
    memcpy(c->row[row] + k * VEC_WIDTH, &v, sizeof v);
}

VEC_INLINE point load_points(const chunk *c, int k) {
    return (point){load(c, 0, k), load(c, 1, k), load(c, 2, k)};
}

/* Differences to the images, 0: as it is, 1: negated. */
typedef struct images {
    vec dx[2], dy[2], dz[2];
} images;

VEC_INLINE images images_of(const block *b, int o, point p) {
    return (images){{p.x - b->x[o], p.x + b->x[o]},
                    {p.y - b->y[o], p.y + b->y[o]},
                    {p.z - b->z[o], p.z + b->z[o]}};
}

/* Where guesses are not made ahead, half of it by additions, which have room beside the
 * multiplications of what follows. */
VEC_INLINE void square_images(const images *d, vec r2[8]) {
    vec plane[4], z[2] = {d->dz[0] * d->dz[0], d->dz[1] * d->dz[1]};
#pragma GCC unroll 8
    for (int g = 0; g < 4; g++)
        plane[g] = vec_fma(d->dy[g >> 1], d->dy[g >> 1], d->dx[g & 1] * d->dx[g & 1]);
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        if (VEC_AHEAD)
            r2[g] = vec_fma(d->dz[g >> 2], d->dz[g >> 2], plane[g & 3]);
        else
            r2[g] = plane[g & 3] + z[g >> 2];
    }
}

#if VEC_AHEAD
VEC_INLINE void put_images(ahead *a, int step, const images *d, ahead_range *range) {
    vec r2[8];
    square_images(d, r2);
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++)
        ahead_put(a, 8 * step + g, r2[g], range);
}
#endif

/* The 8 pairs of a step: their squared distances have been made ahead, or are made here. */
VEC_INLINE void evaluate_images(pair_fn *kernel, const pairs_of *p, const images *d, const ahead *a,
                                int step, pair pairs[8]) {
    vec r2[8];
    if (!VEC_AHEAD)
        square_images(d, r2);
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        vec square = VEC_AHEAD ? a->r2[8 * step + g] : r2[g];
        vec guess = VEC_AHEAD ? a->guess[8 * step + g] : vec_guess(square);
        pairs[g] = kernel(p->grade, p->unit_lambda, NULL, square, guess);
    }
}

/* The same of a complex kernel. */
VEC_INLINE void evaluate_wave_images(const pairs_of *p, const images *d, const ahead *a, int step,
                                     waves pairs[8]) {
    vec r2[8];
    if (!VEC_AHEAD)
        square_images(d, r2);
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        vec square = VEC_AHEAD ? a->r2[8 * step + g] : r2[g];
        vec guess = VEC_AHEAD ? a->guess[8 * step + g] : vec_guess(square);
        pairs[g] = waves_of(p->grade, p->unit_lambda, NULL, square, guess);
    }
}

typedef struct sums {
    vec potential[2], gx, gy, gz;
} sums;

/* As gradients add them up. */
VEC_INLINE vec sum_images(const vec w[8]) {
    return ((w[0] + w[1]) + (w[2] + w[3])) + ((w[4] + w[5]) + (w[6] + w[7]));
}

/* The gradients of 8 pairs add up by the differences they share. */
VEC_INLINE void add_gradients(const images *d, const vec w[8], sums *s) {
    vec along_x[4] = {w[0] + w[1], w[2] + w[3], w[4] + w[5], w[6] + w[7]};
    vec wx[2] = {(w[0] + w[2]) + (w[4] + w[6]), (w[1] + w[3]) + (w[5] + w[7])};
    vec wy[2] = {along_x[0] + along_x[2], along_x[1] + along_x[3]};
    vec wz[2] = {along_x[0] + along_x[1], along_x[2] + along_x[3]};
#pragma GCC unroll 8
    for (int i = 0; i < 2; i++) {
        s->gx = vec_fma(wx[i], d->dx[i], s->gx);
        s->gy = vec_fma(wy[i], d->dy[i], s->gy);
        s->gz = vec_fma(wz[i], d->dz[i], s->gz);
    }
}

#endif

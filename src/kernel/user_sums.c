/* Sums by callbacks, on blocks of points. */
#include "kernel/user.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/strip.h"

#define FOUR_PI 12.566370614359172954

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Whose points a block has: where the caller's own lie, scaled. */
typedef struct block {
    int n_targets, n_sources;
    int has_gradient;
    const dp_soa *own_targets, *own_sources; /* NULL: points of a surface */
    double least;                            /* up to this distance points and points coincide */
} block;

static void place(int n, dp_soa points, const double centre[3], double scale, double *rows) {
    for (int i = 0; i < n; i++) {
        rows[3 * i] = (points.x[i] - centre[0]) * scale;
        rows[3 * i + 1] = (points.y[i] - centre[1]) * scale;
        rows[3 * i + 2] = (points.z[i] - centre[2]) * scale;
    }
}

static void copy_point(const dp_soa *points, int i, int *has, double to[3]) {
    *has = points != NULL;
    if (!points)
        return;
    to[0] = points->x[i];
    to[1] = points->y[i];
    to[2] = points->z[i];
}

static void note(dp_user_work *w, const block *b, int j, int i, double value) {
    dp_user_failure *f = &w->failure;
    if (f->is_set)
        return;
    f->is_set = 1;
    f->value = value;
    copy_point(b->own_targets, j, &f->has_target, f->target);
    copy_point(b->own_sources, i, &f->has_source, f->source);
}

/* The pairs of target j that coincide give nothing. */
static void leave_out(dp_user_work *w, const block *b, int j) {
    const double *t = w->targets + 3 * j, *s = w->sources;
    for (int i = 0; i < b->n_sources; i++, s += 3) {
        if (!(fabs(t[0] - s[0]) <= b->least && fabs(t[1] - s[1]) <= b->least &&
              fabs(t[2] - s[2]) <= b->least))
            continue;
        w->values[j * b->n_sources + i] = 0;
        if (b->has_gradient)
            memset(w->gradients + 3 * (j * b->n_sources + i), 0, 3 * sizeof(double));
    }
}

/* The block's values, `width` of each pair: what is not finite is noted and left out. */
static void check_finite(dp_user_work *w, const block *b, int width, double *values) {
    int n = b->n_targets * b->n_sources * width, n_bad = 0;
    for (int k = 0; k < n; k++)
        n_bad += !(fabs(values[k]) <= DBL_MAX);
    for (int k = 0; n_bad && k < n; k++)
        if (!(fabs(values[k]) <= DBL_MAX)) {
            int pair = k / width;
            note(w, b, pair / b->n_sources, pair % b->n_sources, values[k]);
            values[k] = 0;
        }
}

/* Values, and gradients where they are wanted, of the points that were placed. */
static void call(dp_user_work *w, const block *b) {
    const dagpole_user_kernel *k = &w->user->given;
    k->values(k->user, b->n_targets, w->targets, b->n_sources, w->sources, w->values);
    if (b->has_gradient)
        k->gradients(k->user, b->n_targets, w->targets, b->n_sources, w->sources, w->gradients);
    for (int j = 0; b->own_targets && b->own_sources && j < b->n_targets; j++)
        leave_out(w, b, j);
    check_finite(w, b, 1, w->values);
    if (b->has_gradient)
        check_finite(w, b, 3, w->gradients);
}

static int piece(int64_t left, int most) {
    return left < most ? (int)left : most;
}

/* Sums in four parts, which a processor adds up side by side. */
static double dot(int n, const double *x, int stride, const double *y) {
    double part[4] = {0};
    int i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            part[k] += x[(i + k) * stride] * y[i + k];
    for (; i < n; i++)
        part[0] += x[i * stride] * y[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* ---- units ----------------------------------------------------------------------------------- */

/* Of a box's frame: coordinates times `scale` are what a callback gets, values times `value` the
 * kernel there, and sums of these times `potential` what g gives; with a gradient's `slope`. */
typedef struct units {
    double scale, value, potential, slope;
} units;

static units units_of(const dp_user *user, double half) {
    double half_side = half * user->unit; /* the caller's */
    int is_homogeneous = user->kernel.is_homogeneous;
    units u = {.scale = is_homogeneous ? 1 : half_side, .value = is_homogeneous ? 1 : half_side};
    u.potential = FOUR_PI * user->unit * pow(half_side, user->kernel.degree) * u.value;
    u.slope = u.potential * u.scale / half;
    return u;
}

static const double origin[3] = {0, 0, 0};

/* ---- matrices -------------------------------------------------------------------------------- */

enum { TILE = 16 };

void dp_user_matrix(const dp_user *user, double half_side, int n_targets, dp_soa targets,
                    int n_sources, dp_soa sources, double *matrix) {
    const dagpole_user_kernel *k = &user->given;
    double scale = user->kernel.is_homogeneous ? 1 : half_side;
    double t[3 * TILE], s[3 * TILE], values[TILE * TILE];
    for (int j = 0; j < n_targets; j += TILE) {
        int n_t = piece(n_targets - j, TILE);
        place(n_t, dp_soa_from(targets, j), origin, scale, t);
        for (int i = 0; i < n_sources; i += TILE) {
            int n_s = piece(n_sources - i, TILE);
            place(n_s, dp_soa_from(sources, i), origin, scale, s);
            k->values(k->user, n_t, t, n_s, s, values);
            for (int a = 0; a < n_t; a++)
                for (int b = 0; b < n_s; b++)
                    matrix[j + a + (size_t)(i + b) * (size_t)n_targets] =
                        scale * values[a * n_s + b];
        }
    }
}

/* ---- points and orbits ----------------------------------------------------------------------- */

enum { ORBITS = DP_USER_TARGETS / 8 };

static double sign(int parity, int image) {
    return __builtin_parity((unsigned)(parity & image)) ? -1 : 1;
}

/* The images of n orbits from `first` on, to rows of points: those of an orbit follow one another.
 */
static void place_images(const dp_orbits *orbits, int first, int n, double scale, double *rows) {
    for (int o = first; o < first + n; o++)
        for (int g = 0; g < 8; g++, rows += 3) {
            rows[0] = scale * (g & 1 ? -orbits->x[o] : orbits->x[o]);
            rows[1] = scale * (g & 2 ? -orbits->y[o] : orbits->y[o]);
            rows[2] = scale * (g & 4 ? -orbits->z[o] : orbits->z[o]);
        }
}

/* What the block's sources do to the images of its orbits, by parity. */
static void add_to_orbits(const dp_user_work *w, const block *b, double value,
                          const double *charges, double *potential, int ld) {
    for (int o = 0; o < b->n_targets / 8; o++) {
        double image[8];
        for (int g = 0; g < 8; g++)
            image[g] =
                value * dot(b->n_sources, w->values + (8 * o + g) * b->n_sources, 1, charges);
        for (int a = 0; a < 8; a++)
            for (int g = 0; g < 8; g++)
                potential[a * ld + o] += sign(a, g) * image[g];
    }
}

void dp_user_to_orbits(dp_user_work *w, const dp_orbits *orbits, int n_vectors, double *potential,
                       int64_t vector_ld, int ld, const dp_frame *frame, int64_t n, dp_soa points,
                       const double *charges, int64_t charge_stride) {
    units u = units_of(w->user, frame->half);
    for (int64_t i = 0; i < n; i += DP_USER_SOURCES) {
        dp_soa own = dp_soa_from(points, i);
        block b = {.n_sources = piece(n - i, DP_USER_SOURCES), .own_sources = &own};
        place(b.n_sources, own, frame->centre, u.scale / frame->half, w->sources);
        for (int o = 0; o < orbits->n; o += ORBITS) {
            b.n_targets = 8 * piece(orbits->n - o, ORBITS);
            place_images(orbits, o, b.n_targets / 8, u.scale, w->targets);
            call(w, &b);
            for (int v = 0; v < n_vectors; v++)
                add_to_orbits(w, &b, u.value, charges + v * charge_stride + i,
                              potential + v * vector_ld + o, ld);
        }
    }
}

/* Densities of n orbits' images from those of the parities. */
static void densities(const double *density, int ld, int n, double *image) {
    for (int o = 0; o < n; o++)
        for (int g = 0; g < 8; g++) {
            double sum = 0;
            for (int a = 0; a < 8; a++)
                sum += sign(a, g) * density[a * ld + o];
            image[8 * o + g] = sum;
        }
}

/* What densities of the block's sources do at its targets. */
static void add_to_points(const dp_user_work *w, const block *b, const units *u,
                          const double *density, dp_sums out) {
    for (int j = 0; j < b->n_targets; j++) {
        out.potential[j] +=
            u->potential * dot(b->n_sources, w->values + j * b->n_sources, 1, density);
        const double *gradient = w->gradients + 3 * j * b->n_sources;
        for (int d = 0; b->has_gradient && d < 3; d++)
            dp_sums_row(&out, 1 + d)[j] += u->slope * dot(b->n_sources, gradient + d, 3, density);
    }
}

void dp_user_from_orbits(dp_user_work *w, const dp_orbits *orbits, int n_vectors,
                         const double *density, int64_t vector_ld, int ld, const dp_frame *frame,
                         int64_t n, dp_soa points, dp_sums out, int64_t out_stride) {
    enum { MANY_ORBITS = DP_USER_SOURCES / 8 };
    units u = units_of(w->user, frame->half);
    double image[8 * MANY_ORBITS];
    for (int64_t j = 0; j < n; j += DP_USER_TARGETS) {
        dp_soa own = dp_soa_from(points, j);
        block b = {.n_targets = piece(n - j, DP_USER_TARGETS),
                   .has_gradient = out.gx != NULL,
                   .own_targets = &own};
        place(b.n_targets, own, frame->centre, u.scale / frame->half, w->targets);
        for (int o = 0; o < orbits->n; o += MANY_ORBITS) {
            b.n_sources = 8 * piece(orbits->n - o, MANY_ORBITS);
            place_images(orbits, o, b.n_sources / 8, u.scale, w->sources);
            call(w, &b);
            for (int v = 0; v < n_vectors; v++) {
                densities(density + v * vector_ld + o, ld, b.n_sources / 8, image);
                add_to_points(w, &b, &u, image, dp_sums_from(out, v * out_stride + j));
            }
        }
    }
}

/* ---- points and points ----------------------------------------------------------------------- */

/* A block of near pairs: as many as fit of the n_targets and n_sources that are left. */
static block near_block(dp_user_work *w, int64_t n_targets, const dp_soa *targets,
                        int64_t n_sources, const dp_soa *sources, int has_gradient) {
    block b = {.n_targets = piece(n_targets, DP_USER_TARGETS),
               .n_sources = piece(n_sources, DP_USER_SOURCES),
               .has_gradient = has_gradient,
               .own_targets = targets,
               .own_sources = sources,
               .least = DP_NEAREST * w->user->unit};
    place(b.n_targets, *targets, origin, w->user->unit, w->targets);
    place(b.n_sources, *sources, origin, w->user->unit, w->sources);
    call(w, &b);
    return b;
}

static units near_units(const dp_user *user) {
    return (units){.potential = FOUR_PI * user->unit, .slope = FOUR_PI * user->unit * user->unit};
}

/* Squares of the block's values times squared charges; those of a gradient together. */
static void add_squares(const dp_user_work *w, const block *b, const units *u,
                        const double *charges, dp_sums out) {
    for (int j = 0; j < b->n_targets; j++)
        for (int i = 0; i < b->n_sources; i++) {
            double value = u->potential * w->values[j * b->n_sources + i];
            const double *gradient = w->gradients + 3 * (j * b->n_sources + i);
            out.potential[j] += charges[i] * value * value;
            for (int d = 0; b->has_gradient && d < 3; d++)
                out.gx[j] += charges[i] * (u->slope * gradient[d]) * (u->slope * gradient[d]);
        }
}

void dp_user_sum(dp_user_work *w, int is_squares, int64_t n_targets, dp_soa targets, dp_sums out,
                 int64_t n_sources, dp_soa sources, const double *charges) {
    units u = near_units(w->user);
    for (int64_t j = 0; j < n_targets; j += DP_USER_TARGETS)
        for (int64_t i = 0; i < n_sources; i += DP_USER_SOURCES) {
            dp_soa t = dp_soa_from(targets, j), s = dp_soa_from(sources, i);
            block b = near_block(w, n_targets - j, &t, n_sources - i, &s, out.gx != NULL);
            if (is_squares)
                add_squares(w, &b, &u, charges + i, dp_sums_from(out, j));
            else
                add_to_points(w, &b, &u, charges + i, dp_sums_from(out, j));
        }
}

/* The other side of a mutual pair: G is even and its gradient odd. */
static void add_to_sources(const dp_user_work *w, const block *b, const units *u,
                           const double *charges, dp_sums out) {
    for (int j = 0; j < b->n_targets; j++) {
        const double *value = w->values + j * b->n_sources;
        const double *gradient = w->gradients + 3 * j * b->n_sources;
        for (int i = 0; i < b->n_sources; i++)
            out.potential[i] += u->potential * charges[j] * value[i];
        for (int d = 0; b->has_gradient && d < 3; d++) {
            double *row = dp_sums_row(&out, 1 + d);
            for (int i = 0; i < b->n_sources; i++)
                row[i] -= u->slope * charges[j] * gradient[3 * i + d];
        }
    }
}

static dp_soa strip_points(const dp_strip *s, int i) {
    return (dp_soa){s->x + i, s->y + i, s->z + i};
}

/* Of a vector, from point i on. */
static const double *strip_charges(const dp_strip *s, int v, int i) {
    return s->carried + dp_strip_row(s, 0, v) + i;
}

static dp_sums strip_sums(const dp_strip *s, int v, int i, int n_sums) {
    return dp_sums_of_rows(s->sums + dp_strip_row(s, 0, v) + i,
                           (int64_t)s->shape.n_vectors * s->row, n_sums);
}

/* Within a strip each point takes what all others do to it. */
void dp_user_near(const dp_near *near) {
    dp_user_work *w = near->user;
    dp_strip *targets = near->targets, *sources = near->sources;
    units u = near_units(w->user);
    int is_other = near->is_mutual && targets != sources;
    for (int j = 0; j < targets->n; j += DP_USER_TARGETS)
        for (int i = 0; i < sources->n; i += DP_USER_SOURCES) {
            dp_soa t = strip_points(targets, j), s = strip_points(sources, i);
            block b =
                near_block(w, targets->n - j, &t, sources->n - i, &s, near->n_sums >= DP_GRADIENT);
            for (int v = 0; v < sources->n_vectors; v++) {
                add_to_points(w, &b, &u, strip_charges(sources, v, i),
                              strip_sums(targets, v, j, near->n_sums));
                if (is_other)
                    add_to_sources(w, &b, &u, strip_charges(targets, v, j),
                                   strip_sums(sources, v, i, near->n_sums));
            }
        }
}

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
    int lowest, highest; /* orders of the derivatives that it takes: 0 of G itself */
    const dp_soa *own_targets, *own_sources; /* NULL: points of a surface */
    double least;                            /* up to this distance points and points coincide */
} block;

/* Numbers of a pair in an order's derivatives. */
static const int width_of[] = {1, 3, DP_N_SECOND};

/* Where those of the block's pair (0, 0) begin. */
static double *derivatives_of(dp_user_work *w, int order) {
    return order == 0 ? w->values : order == 1 ? w->gradients : w->hessians;
}

static int order_of(int n_sums) {
    return n_sums >= DP_HESSIAN ? 2 : n_sums >= DP_GRADIENT ? 1 : 0;
}

/* What a source does to so many sums: a dipole takes a derivative more than a charge. */
static void set_orders(block *b, int has_charges, int has_dipoles, int n_sums) {
    b->lowest = has_charges ? 0 : 1;
    b->highest = order_of(n_sums) + (has_dipoles ? 1 : 0);
}

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
        for (int order = b->lowest; order <= b->highest; order++) {
            int width = width_of[order];
            memset(derivatives_of(w, order) + width * (j * b->n_sources + i), 0,
                   (size_t)width * sizeof(double));
        }
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

/* All that the block takes, of the points that were placed. */
static void call(dp_user_work *w, const block *b) {
    const dagpole_user_kernel *k = &w->user->given;
    const dagpole_user_fn callback[] = {k->values, k->gradients, k->hessians};
    for (int order = b->lowest; order <= b->highest; order++)
        callback[order](k->user, b->n_targets, w->targets, b->n_sources, w->sources,
                        derivatives_of(w, order));
    for (int j = 0; b->own_targets && b->own_sources && j < b->n_targets; j++)
        leave_out(w, b, j);
    for (int order = b->lowest; order <= b->highest; order++)
        check_finite(w, b, width_of[order], derivatives_of(w, order));
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

/* Of a box's frame: coordinates times `scale` are what a callback gets. Its derivatives of
 * order k times at_orbits[k] are those of the kernel in the frame, for sums in the frame, and times
 * sum[k] those of g. */
typedef struct units {
    double scale, at_orbits[3], sum[3];
} units;

static units units_of(const dp_user *user, double half) {
    double half_side = half * user->unit; /* the caller's */
    int is_homogeneous = user->kernel.is_homogeneous;
    units u = {.scale = is_homogeneous ? 1 : half_side};
    u.at_orbits[0] = u.scale;
    u.sum[0] = FOUR_PI * user->unit * pow(half_side, user->kernel.degree) * u.scale;
    for (int k = 1; k < 3; k++) {
        u.at_orbits[k] = u.at_orbits[k - 1] * u.scale / half;
        u.sum[k] = u.sum[k - 1] * u.scale / half;
    }
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

/* ---- what a block's sources do to one of its targets ------------------------------------------
 */

/* Rows of sums (dp_sums_row): their order, and which of its derivatives each is. */
static const int order_of_row[DP_HESSIAN] = {0, 1, 1, 1, 2, 2, 2, 2, 2, 2};
static const int place_of_row[DP_HESSIAN] = {0, 0, 1, 2, 0, 1, 2, 3, 4, 5};

/* The second derivative along two axes. */
static const int second[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};

/* Which derivative of the next order the one of a row becomes along an axis. */
static int along(int row, int axis) {
    return row ? second[row - 1][axis] : axis;
}

static const double *pair_of(dp_user_work *w, const block *b, int order, int j, int i) {
    return derivatives_of(w, order) + width_of[order] * (j * b->n_sources + i);
}

/* Row `row` of target j's sums. The derivative with respect to a source's position is minus that
 * with respect to the target's. unit: of the orders. */
static double sum_of(dp_user_work *w, const block *b, const double *unit, int j, int row,
                     dp_carried carried) {
    const int order = order_of_row[row], n = b->n_sources;
    const double *const dipole[] = {carried.dipole.x, carried.dipole.y, carried.dipole.z};
    double sum = 0;
    if (carried.charge)
        sum = unit[order] * dot(n, pair_of(w, b, order, j, 0) + place_of_row[row], width_of[order],
                                carried.charge);
    for (int d = 0; carried.dipole.x && d < 3; d++)
        sum -= unit[order + 1] * dot(n, pair_of(w, b, order + 1, j, 0) + along(row, d),
                                     width_of[order + 1], dipole[d]);
    return sum;
}

/* Adds what the block's sources do to its targets. */
static void add_to_points(dp_user_work *w, const block *b, const units *u, dp_carried carried,
                          dp_sums out) {
    const int n_sums = dp_n_sums(&out);
    for (int row = 0; row < n_sums; row++)
        for (int j = 0; j < b->n_targets; j++)
            dp_sums_row(&out, row)[j] += sum_of(w, b, u->sum, j, row, carried);
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
static void add_to_orbits(dp_user_work *w, const block *b, const units *u, dp_carried carried,
                          double *potential, int ld) {
    for (int o = 0; o < b->n_targets / 8; o++) {
        double image[8];
        for (int g = 0; g < 8; g++)
            image[g] = sum_of(w, b, u->at_orbits, 8 * o + g, 0, carried);
        for (int a = 0; a < 8; a++)
            for (int g = 0; g < 8; g++)
                potential[a * ld + o] += sign(a, g) * image[g];
    }
}

void dp_user_to_orbits(dp_user_work *w, const dp_orbits *orbits, int n_vectors, double *potential,
                       int64_t vector_ld, int ld, const dp_frame *frame, int64_t n, dp_soa points,
                       dp_carried carried, int64_t carried_stride) {
    units u = units_of(w->user, frame->half);
    for (int64_t i = 0; i < n; i += DP_USER_SOURCES) {
        dp_soa own = dp_soa_from(points, i);
        block b = {.n_sources = piece(n - i, DP_USER_SOURCES), .own_sources = &own};
        set_orders(&b, carried.charge != NULL, carried.dipole.x != NULL, DP_POTENTIAL);
        place(b.n_sources, own, frame->centre, u.scale / frame->half, w->sources);
        for (int o = 0; o < orbits->n; o += ORBITS) {
            b.n_targets = 8 * piece(orbits->n - o, ORBITS);
            place_images(orbits, o, b.n_targets / 8, u.scale, w->targets);
            call(w, &b);
            for (int v = 0; v < n_vectors; v++)
                add_to_orbits(w, &b, &u, dp_carried_from(carried, v * carried_stride + i),
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

void dp_user_from_orbits(dp_user_work *w, const dp_orbits *orbits, int n_vectors,
                         const double *density, int64_t vector_ld, int ld, const dp_frame *frame,
                         int64_t n, dp_soa points, dp_sums out, int64_t out_stride) {
    enum { MANY_ORBITS = DP_USER_SOURCES / 8 };
    units u = units_of(w->user, frame->half);
    double image[8 * MANY_ORBITS];
    for (int64_t j = 0; j < n; j += DP_USER_TARGETS) {
        dp_soa own = dp_soa_from(points, j);
        block b = {.n_targets = piece(n - j, DP_USER_TARGETS), .own_targets = &own};
        set_orders(&b, 1, 0, dp_n_sums(&out));
        place(b.n_targets, own, frame->centre, u.scale / frame->half, w->targets);
        for (int o = 0; o < orbits->n; o += MANY_ORBITS) {
            b.n_sources = 8 * piece(orbits->n - o, MANY_ORBITS);
            place_images(orbits, o, b.n_sources / 8, u.scale, w->sources);
            call(w, &b);
            for (int v = 0; v < n_vectors; v++) {
                densities(density + v * vector_ld + o, ld, b.n_sources / 8, image);
                add_to_points(w, &b, &u, (dp_carried){.charge = image},
                              dp_sums_from(out, v * out_stride + j));
            }
        }
    }
}

/* ---- points and points ----------------------------------------------------------------------- */

/* A block of near pairs: as many as fit of the n_targets and n_sources that are left, with the
 * orders of b. */
static block near_block(dp_user_work *w, block orders, int64_t n_targets, const dp_soa *targets,
                        int64_t n_sources, const dp_soa *sources) {
    block b = {.n_targets = piece(n_targets, DP_USER_TARGETS),
               .n_sources = piece(n_sources, DP_USER_SOURCES),
               .lowest = orders.lowest,
               .highest = orders.highest,
               .own_targets = targets,
               .own_sources = sources,
               .least = DP_NEAREST * w->user->unit};
    place(b.n_targets, *targets, origin, w->user->unit, w->targets);
    place(b.n_sources, *sources, origin, w->user->unit, w->sources);
    call(w, &b);
    return b;
}

static units near_units(const dp_user *user) {
    double first = FOUR_PI * user->unit;
    return (units){.sum = {first, first * user->unit, first * user->unit * user->unit}};
}

/* Squares of an order's derivatives of a pair, with both of two that are equal. */
static double squares_of(int order, const double *of, double unit) {
    static const int times[][DP_N_SECOND] = {{1}, {1, 1, 1}, {1, 2, 2, 1, 2, 1}};
    double sum = 0;
    for (int k = 0; k < width_of[order]; k++)
        sum += times[order][k] * (unit * of[k]) * (unit * of[k]);
    return sum;
}

/* Squares of an order's derivatives of what a dipole does, up to the first. */
static double squares_of_dipole(int order, const double *of, double unit, const double p[3]) {
    double sum = 0;
    for (int row = order; row <= 3 * order; row++) {
        double of_row = 0;
        for (int d = 0; d < 3; d++)
            of_row += unit * of[along(row, d)] * p[d];
        sum += of_row * of_row;
    }
    return sum;
}

/* Sums of squares, those of an order in the first of its rows. Charges are squares, dipoles are
 * not. */
static void add_squares(dp_user_work *w, const block *b, const units *u, dp_carried carried,
                        dp_sums out) {
    static const int first_row[] = {0, 1, DP_GRADIENT};
    for (int order = 0; order <= order_of(dp_n_sums(&out)); order++)
        for (int j = 0; j < b->n_targets; j++)
            for (int i = 0; i < b->n_sources; i++) {
                double *sum = dp_sums_row(&out, first_row[order]) + j;
                if (carried.charge)
                    *sum += carried.charge[i] *
                            squares_of(order, pair_of(w, b, order, j, i), u->sum[order]);
                if (carried.dipole.x)
                    *sum += squares_of_dipole(
                        order, pair_of(w, b, order + 1, j, i), u->sum[order + 1],
                        (double[]){carried.dipole.x[i], carried.dipole.y[i], carried.dipole.z[i]});
            }
}

void dp_user_sum(dp_user_work *w, int is_squares, int64_t n_targets, dp_soa targets, dp_sums out,
                 int64_t n_sources, dp_soa sources, dp_carried carried) {
    units u = near_units(w->user);
    block orders;
    set_orders(&orders, carried.charge != NULL, carried.dipole.x != NULL, dp_n_sums(&out));
    for (int64_t j = 0; j < n_targets; j += DP_USER_TARGETS)
        for (int64_t i = 0; i < n_sources; i += DP_USER_SOURCES) {
            dp_soa t = dp_soa_from(targets, j), s = dp_soa_from(sources, i);
            block b = near_block(w, orders, n_targets - j, &t, n_sources - i, &s);
            if (is_squares)
                add_squares(w, &b, &u, dp_carried_from(carried, i), dp_sums_from(out, j));
            else
                add_to_points(w, &b, &u, dp_carried_from(carried, i), dp_sums_from(out, j));
        }
}

/* What target j does to row `row` of the block's sources, the other side of a mutual pair: even
 * derivatives are even, odd ones odd. */
static void add_to_row(dp_user_work *w, const block *b, const units *u, int j, int row,
                       dp_carried carried, double *sums) {
    const int order = order_of_row[row], width = width_of[order];
    const double *const dipole[] = {carried.dipole.x, carried.dipole.y, carried.dipole.z};
    const double sign = order % 2 ? -1 : 1;
    if (carried.charge) {
        const double *of = pair_of(w, b, order, j, 0) + place_of_row[row];
        double factor = sign * u->sum[order] * carried.charge[j];
        for (int i = 0; i < b->n_sources; i++)
            sums[i] += factor * of[width * i];
    }
    for (int d = 0; carried.dipole.x && d < 3; d++) {
        const double *of = pair_of(w, b, order + 1, j, 0) + along(row, d);
        double factor = sign * u->sum[order + 1] * dipole[d][j];
        for (int i = 0; i < b->n_sources; i++)
            sums[i] += factor * of[width_of[order + 1] * i];
    }
}

static void add_to_sources(dp_user_work *w, const block *b, const units *u, dp_carried carried,
                           dp_sums out) {
    const int n_sums = dp_n_sums(&out);
    for (int row = 0; row < n_sums; row++)
        for (int j = 0; j < b->n_targets; j++)
            add_to_row(w, b, u, j, row, carried, dp_sums_row(&out, row));
}

static dp_soa strip_points(const dp_strip *s, int i) {
    return (dp_soa){s->x + i, s->y + i, s->z + i};
}

/* What points carry in a vector, from point i on. */
static dp_carried strip_carried(const dp_strip *s, int v, int i) {
    return dp_carried_of_rows(&s->shape, s->carried + dp_strip_row(s, 0, v) + i,
                              (int64_t)s->shape.n_vectors * s->row);
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
    block orders;
    set_orders(&orders, sources->shape.has_charges, sources->shape.has_dipoles, near->n_sums);
    for (int j = 0; j < targets->n; j += DP_USER_TARGETS)
        for (int i = 0; i < sources->n; i += DP_USER_SOURCES) {
            dp_soa t = strip_points(targets, j), s = strip_points(sources, i);
            block b = near_block(w, orders, targets->n - j, &t, sources->n - i, &s);
            for (int v = 0; v < sources->n_vectors; v++) {
                add_to_points(w, &b, &u, strip_carried(sources, v, i),
                              strip_sums(targets, v, j, near->n_sums));
                if (is_other)
                    add_to_sources(w, &b, &u, strip_carried(targets, v, j),
                                   strip_sums(sources, v, i, near->n_sums));
            }
        }
}

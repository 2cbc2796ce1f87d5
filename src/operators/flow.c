#include "operators/flow.h"

#include <string.h>

#include "base/memory.h"
#include "operators/apply.h"

enum { MOMENTS = 3 };

/* Numbers of a vector: a charge and a dipole of each point, and sums. */
enum { CARRIED = 4 * DP_FLOW_POINTS, SUMS = DP_HESSIAN * DP_FLOW_POINTS };

static size_t n_numbers(int ld) {
    return DP_COLUMNS * (size_t)(CARRIED + SUMS + 8 * ld);
}

dagpole_status dp_flow_work_create(int ld, dp_flow_work **work) {
    dp_flow_work *w = *work = dp_alloc_zero(1, sizeof *w);
    if (!w)
        return DAGPOLE_NO_MEMORY;
    w->ld = ld;
    w->carried = dp_alloc_apart(n_numbers(ld) * sizeof *w->carried);
    if (!w->carried)
        return DAGPOLE_NO_MEMORY;
    w->sums = w->carried + DP_COLUMNS * CARRIED;
    w->moved = w->sums + DP_COLUMNS * SUMS;
    return DAGPOLE_OK;
}

void dp_flow_work_destroy(dp_flow_work *work) {
    if (work)
        dp_free(work->carried);
    dp_free(work);
}

int64_t dp_flow_work_bytes(const dp_flow_work *work) {
    return (int64_t)(sizeof *work + n_numbers(work->ld) * sizeof *work->carried);
}

/* ---- points ---- */

/* Axis d of positions relative to the centre, in half sides. */
static void relative(const dp_frame *frame, int64_t n, dp_soa points, int d, double *to) {
    const double *x = d == 0 ? points.x : d == 1 ? points.y : points.z;
    for (int64_t i = 0; i < n; i++)
        to[i] = (x[i] - frame->centre[d]) / frame->half;
}

static void add_product(int64_t n, const double *a, const double *b, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] += a[i] * b[i];
}

static void add_scaled(int64_t n, double factor, const double *a, double *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] += factor * a[i];
}

/* Component d of vector v's dipoles. */
static const double *dipole_row(dp_carried carried, int64_t stride, int v, int d) {
    const double *const rows[] = {carried.dipole.x, carried.dipole.y, carried.dipole.z};
    return rows[d] + v * stride;
}

/* The moments of a value that begins with vector v. A doublet of forces, D, has those of its
 * diagonal and dipoles of moments. */
static void add_moments(const dp_frame *frame, int64_t n, dp_soa points, dp_carried carried,
                        int64_t stride, int v, double *to) {
    const double inverse = 1 / frame->half;
    double x[DP_FLOW_POINTS];
    memset(to, 0, CARRIED * sizeof *to);
    if (carried.dipole.x)
        add_scaled(n, -2 * inverse, carried.charge + (v + MOMENTS) * stride, to);
    for (int j = 0; j < MOMENTS; j++) {
        relative(frame, n, points, j, x);
        add_product(n, x, carried.charge + (v + j) * stride, to);
        if (!carried.dipole.x)
            continue;
        add_scaled(n, inverse, dipole_row(carried, stride, v + j, j), to);
        for (int d = 0; d < 3; d++)
            add_product(n, x, dipole_row(carried, stride, v + j, d), to + (1 + d) * DP_FLOW_POINTS);
    }
}

static void copy_vector(int64_t n, dp_carried carried, int64_t stride, int v, double *to) {
    const size_t bytes = (size_t)n * sizeof *to;
    memcpy(to, carried.charge + v * stride, bytes);
    for (int d = 0; carried.dipole.x && d < 3; d++)
        memcpy(to + (1 + d) * DP_FLOW_POINTS, dipole_row(carried, stride, v, d), bytes);
}

dp_carried dp_flow_carried(const dp_flow_work *work, const dp_frame *frame, int64_t n,
                           dp_soa points, dp_carried carried, int64_t carried_stride, int n_vectors,
                           int64_t *stride) {
    dp_carried here = {.charge = work->carried};
    for (int v = 0; v < n_vectors; v++) {
        double *to = work->carried + v * CARRIED;
        if (v % DP_FLOW_PARTS == MOMENTS)
            add_moments(frame, n, points, carried, carried_stride, v - MOMENTS, to);
        else
            copy_vector(n, carried, carried_stride, v, to);
    }
    if (carried.dipole.x)
        here.dipole = (dp_soa){work->carried + DP_FLOW_POINTS, work->carried + 2 * DP_FLOW_POINTS,
                               work->carried + 3 * DP_FLOW_POINTS};
    *stride = CARRIED;
    return here;
}

dp_sums dp_flow_begin_sums(const dp_flow_work *work, int64_t n, dp_sums out, int n_vectors,
                           int64_t *stride) {
    const int n_sums = out.gx ? DP_HESSIAN : DP_GRADIENT;
    for (int v = 0; v < n_vectors; v++)
        for (int k = 0; k < n_sums; k++)
            memset(work->sums + v * SUMS + k * DP_FLOW_POINTS, 0, (size_t)n * sizeof *work->sums);
    *stride = SUMS;
    return dp_sums_of_rows(work->sums, DP_FLOW_POINTS, n_sums);
}

/* Row of the derivative along a, and along a and b. */
static int first_row(int a) {
    return 1 + a;
}

static int second_row(int a, int b) {
    return DP_GRADIENT + dp_second_along(a, b);
}

/* Laplace's sums of a value, and where the flow's go: both with rows of their own. */
typedef struct flow {
    int64_t n;
    double half;
    double x[3][DP_FLOW_POINTS]; /* relative to the centre, but not in half sides */
    const double *sums;          /* of the first vector */
    dp_sums out;
    int64_t out_stride;
} flow;

static const double *laplace_row(const flow *f, int part, int k) {
    return f->sums + part * SUMS + k * DP_FLOW_POINTS;
}

static double *flow_row(const flow *f, int part, int k) {
    return dp_sums_row(&f->out, k) + part * f->out_stride;
}

static void add_moved(const flow *f, int j, const double *row, double *to) {
    for (int64_t i = 0; i < f->n; i++)
        to[i] -= 0.5 * f->x[j][i] * row[i];
}

static void end_velocity(const flow *f, int i) {
    double *to = flow_row(f, i, 0);
    add_scaled(f->n, 0.5, laplace_row(f, i, 0), to);
    add_scaled(f->n, 0.5 * f->half, laplace_row(f, MOMENTS, first_row(i)), to);
    for (int j = 0; j < MOMENTS; j++)
        add_moved(f, j, laplace_row(f, j, first_row(i)), to);
}

/* The derivative of velocity i along k. */
static void end_gradient(const flow *f, int i, int k) {
    double *to = flow_row(f, i, 1 + k);
    add_scaled(f->n, 0.5, laplace_row(f, i, first_row(k)), to);
    add_scaled(f->n, -0.5, laplace_row(f, k, first_row(i)), to);
    add_scaled(f->n, 0.5 * f->half, laplace_row(f, MOMENTS, second_row(i, k)), to);
    for (int j = 0; j < MOMENTS; j++)
        add_moved(f, j, laplace_row(f, j, second_row(i, k)), to);
}

static void end_value(const flow *f) {
    for (int i = 0; i < MOMENTS; i++) {
        end_velocity(f, i);
        add_scaled(f->n, -1, laplace_row(f, i, first_row(i)), flow_row(f, MOMENTS, 0));
        for (int k = 0; f->out.gx && k < 3; k++) {
            end_gradient(f, i, k);
            add_scaled(f->n, -1, laplace_row(f, i, second_row(i, k)), flow_row(f, MOMENTS, 1 + k));
        }
    }
}

void dp_flow_end_sums(const dp_flow_work *work, const dp_frame *frame, int64_t n, dp_soa points,
                      int n_vectors, dp_sums out, int64_t out_stride) {
    flow f = {.n = n, .half = frame->half, .out_stride = out_stride};
    for (int d = 0; d < 3; d++) {
        relative(frame, n, points, d, f.x[d]);
        for (int64_t i = 0; i < n; i++)
            f.x[d][i] *= frame->half;
    }
    for (int v = 0; v < n_vectors; v += DP_FLOW_PARTS) {
        f.sums = work->sums + v * SUMS;
        f.out = dp_sums_from(out, v * out_stride);
        end_value(&f);
    }
}

/* ---- expansions ---- */

dp_shift dp_shift_up(int reflection) {
    dp_shift shift = {.own = 0.5};
    for (int d = 0; d < 3; d++)
        shift.by[d] = reflection >> d & 1 ? -0.5 : 0.5;
    return shift;
}

dp_shift dp_shift_down(int reflection) {
    dp_shift shift = {.own = 2, .is_local = 1};
    for (int d = 0; d < 3; d++)
        shift.by[d] = reflection >> d & 1 ? 1 : -1;
    return shift;
}

dp_shift dp_shift_across(const int position[3]) {
    return (dp_shift){1, {2 * position[0], 2 * position[1], 2 * position[2]}, 0};
}

const double *dp_flow_move(const dp_flow_work *work, const dp_isotropic *isotropic,
                           const dp_shift *shift, int k, const double *first, int column) {
    const double *restrict x = first, *restrict y = x + k, *restrict z = y + k,
                           *restrict moments = z + k;
    double *restrict to = work->moved + (size_t)column * (size_t)work->ld;
    const double own = shift->own, bx = shift->by[0], by = shift->by[1], bz = shift->by[2];
    for (int i = 0; i < k; i++)
        to[i] = own * moments[i] + bx * x[i] + by * y[i] + bz * z[i];
    if (shift->is_local)
        dp_isotropic_take(isotropic, own, moments, to);
    return to;
}

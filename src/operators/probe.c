#include "operators/probe.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "operators/build.h"
#include "operators/interaction.h"
#include "platform/linalg.h"

/* ---- surfaces alone -------------------------------------------------------------------------- */

enum { N_SOURCES = 32, N_TARGETS = 96 };

/* And of the hole in it. */
#define HOLE 3

typedef struct rows {
    double x[N_TARGETS], y[N_TARGETS], z[N_TARGETS];
} rows;

static dp_soa soa_of(const rows *r) {
    return (dp_soa){r->x, r->y, r->z};
}

static void place_sources(uint64_t *state, rows *sources) {
    for (int i = 0; i < N_SOURCES; i++) {
        sources->x[i] = dp_random(state);
        sources->y[i] = dp_random(state);
        sources->z[i] = dp_random(state);
    }
}

static void place_targets(uint64_t *state, rows *targets) {
    for (int i = 0; i < N_TARGETS;) {
        double x = DP_V_REACH * dp_random(state), y = DP_V_REACH * dp_random(state),
               z = DP_V_REACH * dp_random(state);
        if (fmax(fabs(x), fmax(fabs(y), fabs(z))) < HOLE)
            continue;
        targets->x[i] = x;
        targets->y[i] = y;
        targets->z[i++] = z;
    }
}

/* Matrices of a probe, one behind the other. */
typedef struct bench {
    const dp_surface *surface;
    double *exact;           /* N_TARGETS x N_SOURCES */
    double *found;           /* the same */
    double *check, *density; /* n x N_SOURCES: by parity */
    double *to_targets;      /* N_TARGETS x n */
    double *projected;       /* n x N_SOURCES: U^T check */
    double *near;            /* points of the surface, 3 n, and n for work */
} bench;

static double *bench_create(const dp_surface *s, bench *b) {
    size_t n = (size_t)s->n, values = N_TARGETS * N_SOURCES;
    double *memory = dp_alloc(2 * values + (3 * N_SOURCES + N_TARGETS + 4) * n, sizeof *memory);
    *b = (bench){.surface = s, .exact = memory};
    if (!memory)
        return NULL;
    b->found = b->exact + values;
    b->check = b->found + values;
    b->density = b->check + N_SOURCES * n;
    b->projected = b->density + N_SOURCES * n;
    b->to_targets = b->projected + N_SOURCES * n;
    b->near = b->to_targets + N_TARGETS * n;
    return memory;
}

static dp_soa place_surface(const bench *b, double radius) {
    static const double origin[3] = {0, 0, 0};
    double *x = b->near, *y = x + b->surface->n, *z = y + b->surface->n;
    dp_surface_place(b->surface, radius == DP_RADIUS_FAR, radius, origin, x, y, z);
    return (dp_soa){x, y, z};
}

static void fill(const bench *b, const dp_kernel *kernel, double lambda) {
    const dp_surface *s = b->surface;
    uint64_t state = 1;
    rows sources, targets;
    place_sources(&state, &sources);
    place_targets(&state, &targets);
    dp_kernel_matrix(kernel, lambda, N_TARGETS, soa_of(&targets), N_SOURCES, soa_of(&sources),
                     b->exact);
    dp_kernel_matrix(kernel, lambda, s->n, place_surface(b, DP_RADIUS_FAR), N_SOURCES,
                     soa_of(&sources), b->check);
    dp_surface_to_parity(s, N_SOURCES, b->check, b->near + 3 * (size_t)s->n);
    dp_kernel_matrix(kernel, lambda, N_TARGETS, soa_of(&targets), s->n,
                     place_surface(b, DP_RADIUS_NEAR), b->to_targets);
}

static void project(const bench *b, const dp_inverse *inverse) {
    const dp_surface *s = b->surface;
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        dp_gemm(1, 0, n, N_SOURCES, n, 1, inverse->u[a], n, b->check + begin, s->n, 0,
                b->projected + begin, s->n);
    }
}

/* Densities with singular values up to `cut` left out. */
static void solve(const bench *b, const dp_inverse *inverse, double cut) {
    const dp_surface *s = b->surface;
    memcpy(b->check, b->projected, (size_t)s->n * N_SOURCES * sizeof *b->check);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        int begin = s->parity_begin[a], n = s->parity_begin[a + 1] - begin;
        for (int j = 0; j < N_SOURCES; j++)
            for (int i = 0; i < n; i++) {
                double sigma = inverse->sigma[a][i], *value = b->check + begin + i + j * s->n;
                *value = sigma > cut ? *value / sigma : 0;
            }
        dp_gemm(1, 0, n, N_SOURCES, n, 1, inverse->vt[a], n, b->check + begin, s->n, 0,
                b->density + begin, s->n);
    }
    dp_surface_from_parity(s, N_SOURCES, b->density, b->near + 3 * (size_t)s->n);
}

/* Of values of any size; NaN where one is. */
static double norm(size_t n, const double *x) {
    double length = 0;
    for (size_t i = 0; i < n; i++)
        length = hypot(length, x[i]);
    return length;
}

/* Error over size: values that are not finite fail. */
static double relative(double error, double size) {
    double ratio = size == 0 ? 0 : error / size;
    return isnan(ratio) ? INFINITY : ratio;
}

static void compare(const bench *b, const dp_inverse *inverse, int n_cuts, const double *cut,
                    dp_probe *probe) {
    const size_t n = N_TARGETS * N_SOURCES;
    double largest = 0, size = norm(n, b->exact);
    for (int a = 0; a < DP_N_PARITIES; a++)
        largest = fmax(largest, inverse->sigma[a][0]);
    for (int c = 0; c < n_cuts; c++) {
        solve(b, inverse, cut[c] * largest);
        memcpy(b->found, b->exact, n * sizeof *b->found);
        dp_gemm(0, 0, N_TARGETS, N_SOURCES, b->surface->n, 1, b->to_targets, N_TARGETS, b->density,
                b->surface->n, -1, b->found, N_TARGETS);
        probe->error[c] = relative(norm(n, b->found), size);
    }
}

dagpole_status dp_probe_surfaces(const dp_surface *s, const dp_kernel *kernel, double lambda,
                                 int n_cuts, const double *cut, dp_probe *probe) {
    dp_interactions in = {.surface = s, .parts = 1, .kinds = dp_kinds_list(1)};
    dp_inverse inverse = {0};
    bench b;
    double *memory = bench_create(s, &b);
    dagpole_status status = memory ? dp_blas_begin(1) : DAGPOLE_NO_MEMORY;
    int has_begun = status == DAGPOLE_OK;
    if (status == DAGPOLE_OK)
        status = dp_interaction_blocks(s, kernel, lambda, DP_RADIUS_FAR, DP_RADIUS_NEAR, in.check);
    if (status == DAGPOLE_OK)
        status = dp_inverse_build(&in, &inverse);
    if (status == DAGPOLE_OK) {
        fill(&b, kernel, lambda);
        project(&b, &inverse);
        compare(&b, &inverse, n_cuts, cut, probe);
    }
    if (has_begun)
        dp_blas_end(1);
    dp_inverse_free(&inverse);
    for (int a = 0; a < DP_N_PARITIES; a++)
        dp_free(in.check[a]);
    dp_free(memory);
    return status;
}

/* ---- the operators --------------------------------------------------------------------------- */

/* Points of a box. */
enum { N_POINTS = 40, N_SUMS = DP_HESSIAN };

/* A position of each kind, the nearest and the farthest among them. */
static const int positions[][3] = {{2, 0, 0},  {0, 2, 0},  {0, 0, 2}, {-1, 2, 1},
                                   {2, -2, 2}, {1, 0, -3}, {-3, 3, 3}};
enum { N_POSITIONS = sizeof positions / sizeof *positions };

typedef struct chain_points {
    double x[N_POINTS], y[N_POINTS], z[N_POINTS];
    double carried[3][N_POINTS]; /* a charge, or a dipole's components */
    int has_dipoles;
    double is[N_SUMS][N_POINTS], exact[N_SUMS][N_POINTS];
} chain_points;

static dp_soa points_of(const chain_points *p) {
    return (dp_soa){p->x, p->y, p->z};
}

static dp_carried carried_by(const chain_points *p) {
    if (p->has_dipoles)
        return (dp_carried){.dipole = {p->carried[0], p->carried[1], p->carried[2]}};
    return (dp_carried){.charge = p->carried[0]};
}

static void place_points(const dp_frame *frame, uint64_t *state, chain_points *p) {
    for (int i = 0; i < N_POINTS; i++) {
        p->x[i] = frame->centre[0] + frame->half * dp_random(state);
        p->y[i] = frame->centre[1] + frame->half * dp_random(state);
        p->z[i] = frame->centre[2] + frame->half * dp_random(state);
        for (int k = 0; k < (p->has_dipoles ? 3 : 1); k++)
            p->carried[k][i] = dp_random(state);
    }
}

/* The box of a level and the one whose points are met: itself, or a child of it. */
typedef struct chain_frames {
    dp_frame box, inner;
    int octant;
} chain_frames;

static chain_frames frames_of(const dp_chain *c, const int v[3], int octant) {
    double half = c->half;
    chain_frames f = {.box = {{2 * half * v[0], 2 * half * v[1], 2 * half * v[2]}, half},
                      .octant = octant};
    f.inner = f.box;
    for (int d = 0; c->fine && d < 3; d++)
        f.inner.centre[d] += (octant >> d & 1 ? 0.5 : -0.5) * half;
    if (c->fine)
        f.inner.half = 0.5 * half;
    return f;
}

static int longest(const dp_chain *c) {
    int fine = c->fine ? c->fine->k_padded : 0;
    return fine > c->set->k_padded ? fine : c->set->k_padded;
}

size_t dp_probe_chain_work(const dp_chain *c) {
    return 4 * (size_t)longest(c);
}

static dp_columns one_column(int reflection, const double *source, double *target) {
    return (dp_columns){.n = 1,
                        .reflection = reflection,
                        .source = {source},
                        .later = {source},
                        .target = {target}};
}

/* The multipole of the sources' box. */
static double *go_up(const dp_chain *c, const chain_frames *from, const chain_points *sources,
                     double *inner, double *outer, dp_scratch *scratch) {
    const dp_operator_set *set = c->fine ? c->fine : c->set;
    double moment[2];
    dp_surface_potentials(set, &set->outer, &from->inner, N_POINTS, points_of(sources),
                          carried_by(sources), 0, 1, 1, 0, scratch);
    dp_surface_to_expansions(set, &set->outer, 1, &inner, scratch);
    dp_moments(set, &from->inner, N_POINTS, points_of(sources), carried_by(sources), 0, 1, scratch,
               moment);
    dp_isotropic_set(&set->isotropic, moment, inner);
    if (!c->fine)
        return inner;
    dp_columns columns = one_column(7 - from->octant, inner, outer);
    dp_m2m(c->set, c->fine, c->between, &columns, scratch);
    return outer;
}

/* From the local of the targets' box on. */
static void go_down(const dp_chain *c, const chain_frames *at, const double *local, double *inner,
                    int n_sums, chain_points *targets, dp_scratch *scratch) {
    const dp_operator_set *set = c->fine ? c->fine : c->set;
    if (c->fine) {
        dp_columns columns = one_column(7 - at->octant, local, inner);
        dp_l2l(c->set, c->fine, c->between, &columns, scratch);
        local = inner;
    }
    dp_surface_densities(set, &set->outer, 1, &local, scratch);
    dp_surface_take_isotropic(set, 1, &local, scratch);
    dp_surface_evaluate(set, &set->outer, 0, &at->inner, 0, 1, N_POINTS, points_of(targets),
                        dp_sums_of_rows(targets->is[0], N_POINTS, n_sums), 0, scratch);
}

/* From the sources' box at position v of the target's, which lies at the origin. */
static void run_chain(const dp_chain *c, const int v[3], const chain_frames *from,
                      const chain_frames *at, const chain_points *sources, int n_sums,
                      chain_points *targets, double *work, dp_scratch *scratch) {
    size_t n = (size_t)longest(c);
    double *local = work + 2 * n;
    memset(work, 0, 4 * n * sizeof *work);
    double *multipole = go_up(c, from, sources, work, work + n, scratch);
    dp_columns columns = one_column(dp_reflection(v), multipole, local);
    dp_m2l(c->set, dp_offsets_label(c->offsets, v) / 8, &columns, scratch);
    go_down(c, at, local, local + n, n_sums, targets, scratch);
}

/* Of the sums of one order of derivatives. */
static void add_errors(const chain_points *p, int order, double *error, double *size) {
    static const int first[] = {0, DP_POTENTIAL, DP_GRADIENT, DP_HESSIAN};
    for (int k = first[order]; k < first[order + 1]; k++)
        for (int i = 0; i < N_POINTS; i++) {
            *error = hypot(*error, p->is[k][i] - p->exact[k][i]);
            *size = hypot(*size, p->exact[k][i]);
        }
}

void dp_probe_chain(const dp_chain *c, int has_dipoles, int n_sums, dp_scratch *scratch,
                    double *work, double errors[DP_CHAIN_ERRORS]) {
    const int n_orders = n_sums >= DP_HESSIAN ? 3 : n_sums >= DP_GRADIENT ? 2 : 1;
    double error[DP_CHAIN_ERRORS] = {0}, size[DP_CHAIN_ERRORS] = {0};
    uint64_t state = 2;
    for (int i = 0; i < N_POSITIONS; i++) {
        const int *v = positions[i];
        chain_frames from = frames_of(c, v, i), at = frames_of(c, (int[3]){0, 0, 0}, 3 * i % 8);
        chain_points sources = {.has_dipoles = has_dipoles}, targets = {.has_dipoles = 0};
        place_points(&from.inner, &state, &sources);
        place_points(&at.inner, &state, &targets);
        run_chain(c, v, &from, &at, &sources, n_sums, &targets, work, scratch);
        dp_user_sum(scratch->user, 0, N_POINTS, points_of(&targets),
                    dp_sums_of_rows(targets.exact[0], N_POINTS, n_sums), N_POINTS,
                    points_of(&sources), carried_by(&sources));
        for (int k = 0; k < n_orders; k++)
            add_errors(&targets, k, &error[k], &size[k]);
    }
    for (int k = 0; k < DP_CHAIN_ERRORS; k++)
        errors[k] = relative(error[k], size[k]);
}

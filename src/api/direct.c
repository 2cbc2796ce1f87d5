#include <math.h>
#include <string.h>

#include "api/internal.h"

/* Targets of one piece of work, and pieces between two reports of progress. */
#define PIECE            64
#define PIECES_PER_STAGE 64

typedef struct direct_sum {
    const dp_kernel *kernel;
    int is_rms; /* sums of squares are wanted, and their roots */
    double lambda;
    dp_cube cube;
    int charge_exponent;                 /* charges are counted in units of two to this power */
    int64_t n_sources, n_targets, first; /* first: piece that number 0 of the stage is */
    double *sources, *charges, *targets; /* scaled: x, y, z rows */
    double *potentials, *gradients;
} direct_sum;

/* n x 3 to three rows, scaled. */
static double *to_rows(const dp_cube *cube, int64_t n, const double *points) {
    double *rows = dp_alloc((size_t)n, 3 * sizeof *rows);
    for (int64_t i = 0; rows && i < n; i++)
        for (int d = 0; d < 3; d++)
            rows[d * n + i] = dp_cube_scale(cube, points[3 * i + d]);
    return rows;
}

static dp_soa rows_from(const double *rows, int64_t n, int64_t first) {
    return (dp_soa){rows + first, rows + n + first, rows + 2 * n + first};
}

/* Sums of one piece, in the caller's units: potentials at 0, gradients (their lengths, of an rms)
 * from 1 on. */
static void store(direct_sum *d, int64_t begin, int64_t n, double sums[4][PIECE]) {
    int width = d->is_rms ? 1 : 3;
    for (int64_t j = 0; j < n; j++) {
        double value[4];
        for (int k = 0; k <= width; k++) {
            value[k] = d->is_rms ? sqrt(sums[k][j]) : sums[k][j];
            value[k] = ldexp(DP_KERNEL_FACTOR * value[k], d->charge_exponent);
        }
        d->potentials[begin + j] = dp_cube_scale(&d->cube, value[0]);
        for (int k = 0; d->gradients && k < width; k++)
            d->gradients[width * (begin + j) + k] =
                dp_cube_scale(&d->cube, dp_cube_scale(&d->cube, value[1 + k]));
    }
}

static dagpole_status sum_piece(void *argument, int64_t i) {
    direct_sum *d = argument;
    int64_t begin = (d->first + i) * PIECE;
    int64_t n = d->n_targets - begin < PIECE ? d->n_targets - begin : PIECE;
    double sums[4][PIECE] = {{0}};
    dp_sums out = {.potential = sums[0]};
    if (d->gradients)
        out.gx = sums[1];
    if (d->gradients && !d->is_rms) {
        out.gy = sums[2];
        out.gz = sums[3];
    }
    dp_isa isa = dp_isa_best();
    DP_TRY(dp_direct(d->is_rms ? d->kernel->squares[isa] : d->kernel->p2p[isa], d->lambda, n,
                     rows_from(d->targets, d->n_targets, begin), out, d->n_sources,
                     rows_from(d->sources, d->n_sources, 0), d->charges));
    store(d, begin, n, sums);
    return DAGPOLE_OK;
}

static dagpole_status sum_all(dagpole_context *context, direct_sum *d) {
    int64_t n_pieces = (d->n_targets + PIECE - 1) / PIECE;
    const dp_team *team = context ? dp_runtime_team(context->runtime) : &dp_team_serial;
    for (d->first = 0; d->first < n_pieces; d->first += PIECES_PER_STAGE) {
        int64_t left = n_pieces - d->first;
        if (context)
            DP_TRY(dp_runtime_progress(context->runtime, "direct",
                                       (double)d->first / (double)n_pieces));
        DP_TRY(team->run(team, left < PIECES_PER_STAGE ? left : PIECES_PER_STAGE, sum_piece, d));
    }
    return DAGPOLE_OK;
}

/* In units of a power of two that the largest charge is just below: squares neither overflow nor
 * vanish. */
static void square_charges(direct_sum *d) {
    double largest = 0;
    for (int64_t i = 0; i < d->n_sources; i++)
        largest = fmax(largest, fabs(d->charges[i]));
    if (largest > 0)
        frexp(largest, &d->charge_exponent);
    for (int64_t i = 0; i < d->n_sources; i++) {
        double charge = ldexp(d->charges[i], -d->charge_exponent);
        d->charges[i] = charge * charge;
    }
}

static dagpole_status prepare(direct_sum *d, const double *sources, const double *charges,
                              const double *targets) {
    dp_bounds bounds = dp_bounds_empty();
    DP_TRY(dp_bounds_widen(&dp_team_serial, "sources", d->n_sources, sources, &bounds));
    DP_TRY(dp_bounds_widen(&dp_team_serial, "targets", d->n_targets, targets, &bounds));
    for (int64_t i = 0; i < d->n_sources; i++)
        if (!isfinite(charges[i]))
            return dp_fail(DAGPOLE_NUMERIC, "charges[%lld] is %g: charges must be finite",
                           (long long)i, charges[i]);
    d->cube = dp_cube_fit(&bounds, 1);
    d->lambda = d->kernel->id == DAGPOLE_YUKAWA ? ldexp(d->lambda, d->cube.exponent) : 0;
    d->sources = to_rows(&d->cube, d->n_sources, sources);
    d->targets = to_rows(&d->cube, d->n_targets, targets);
    d->charges = dp_alloc_copy(charges, (size_t)d->n_sources, sizeof *charges);
    if (d->charges && d->is_rms)
        square_charges(d);
    return d->sources && d->targets && d->charges ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status check(const direct_sum *d, const void *charges) {
    if (d->n_sources && !charges)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is NULL: there are %lld sources",
                       (long long)d->n_sources);
    if (d->n_targets && !d->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL: there are %lld targets",
                       (long long)d->n_targets);
    return DAGPOLE_OK;
}

static dagpole_status sum(dagpole_context *context, dagpole_kernel kernel, direct_sum d,
                          const double *sources, const double *charges, const double *targets) {
    DP_TRY(dp_check_kernel(kernel, d.lambda));
    DP_TRY(dp_check_points(d.n_sources, sources, d.n_targets, targets));
    d.kernel = dp_kernel_get(kernel);
    d.n_targets = targets ? d.n_targets : d.n_sources;
    DP_TRY(check(&d, charges));
    dagpole_status status = prepare(&d, sources, charges, targets ? targets : sources);
    if (status == DAGPOLE_OK)
        status = sum_all(context, &d);
    dp_free(d.charges);
    dp_free(d.targets);
    dp_free(d.sources);
    return status;
}

dagpole_status dagpole_direct(dagpole_context *context, dagpole_kernel kernel, double lambda,
                              int64_t n_sources, const double *sources, const double *charges,
                              int64_t n_targets, const double *targets, double *potentials,
                              double *gradients) {
    direct_sum d = {.lambda = lambda,
                    .n_sources = n_sources,
                    .n_targets = n_targets,
                    .potentials = potentials,
                    .gradients = gradients};
    return sum(context, kernel, d, sources, charges, targets);
}

dagpole_status dagpole_direct_rms(dagpole_context *context, dagpole_kernel kernel, double lambda,
                                  int64_t n_sources, const double *sources, const double *charges,
                                  int64_t n_targets, const double *targets, double *potentials,
                                  double *gradients) {
    direct_sum d = {.is_rms = 1,
                    .lambda = lambda,
                    .n_sources = n_sources,
                    .n_targets = n_targets,
                    .potentials = potentials,
                    .gradients = gradients};
    return sum(context, kernel, d, sources, charges, targets);
}

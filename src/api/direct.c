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
    int64_t n_sources, n_targets, first; /* first: piece that number 0 of the stage is */
    double *sources, *charges, *targets; /* scaled: x, y, z rows */
    double *potentials, *gradients;
    dp_power of_potentials, of_gradients; /* from sums of scaled charges and coordinates */
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

/* Sums of one piece, in the caller's units. */
static void store(const direct_sum *d, int64_t begin, int64_t n, double sums[4][PIECE]) {
    int width = d->is_rms ? 1 : 3; /* of a gradient: its length, or its components */
    for (int64_t j = 0; j < n; j++) {
        for (int k = 0; k <= width && d->is_rms; k++)
            sums[k][j] = sqrt(sums[k][j]);
        d->potentials[begin + j] = dp_power_times(&d->of_potentials, DP_KERNEL_FACTOR * sums[0][j]);
        for (int k = 0; d->gradients && k < width; k++)
            d->gradients[width * (begin + j) + k] =
                dp_power_times(&d->of_gradients, DP_KERNEL_FACTOR * sums[1 + k][j]);
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
                     rows_from(d->sources, d->n_sources, 0), (dp_carried){.charge = d->charges}));
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

/* Charges in their unit (squared, of an rms), and what takes sums to results. */
static dagpole_status scale_charges(direct_sum *d, const double *charges) {
    int exponent;
    DP_TRY(dp_charge_exponent(d->n_sources, charges, &exponent));
    const dp_power unit = dp_power_split(-exponent);
    d->of_potentials = dp_power_split(exponent - d->cube.exponent);
    d->of_gradients = dp_power_split(exponent - 2 * d->cube.exponent);
    for (int64_t i = 0; i < d->n_sources; i++) {
        d->charges[i] = dp_power_times(&unit, charges[i]);
        if (d->is_rms)
            d->charges[i] *= d->charges[i];
    }
    return DAGPOLE_OK;
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
    d->charges = dp_alloc((size_t)d->n_sources, sizeof *d->charges);
    if (!d->sources || !d->targets || !d->charges)
        return DAGPOLE_NO_MEMORY;
    return scale_charges(d, charges);
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
    DP_DEFAULT_FLOATING;
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
    DP_DEFAULT_FLOATING;
    direct_sum d = {.is_rms = 1,
                    .lambda = lambda,
                    .n_sources = n_sources,
                    .n_targets = n_targets,
                    .potentials = potentials,
                    .gradients = gradients};
    return sum(context, kernel, d, sources, charges, targets);
}

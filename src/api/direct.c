#include <math.h>
#include <string.h>

#include "api/user.h"
#include "geometry/chunk.h"
#include "kernel/values.h"

/* Targets of one piece of work, and pieces between two reports of progress. */
#define PIECE            64
#define PIECES_PER_STAGE 64

typedef struct direct_sum {
    const dagpole_plan_options *options;
    const dp_kernel *kernel;
    dp_user *user; /* the caller's own, or NULL */
    int is_rms;    /* sums of squares are wanted, and their roots */
    dp_lambda lambda;
    dp_shape shape; /* of one value */
    dp_cube cube;
    int64_t n_sources, n_targets, point, first; /* first: piece that number 0 of the stage is */
    double *sources, *targets;                  /* scaled: x, y, z rows */
    double *carried;                            /* scaled: the rows of one value's parts */
    int n_sums;
    double *results[DP_N_RESULTS]; /* where a vector's values begin; NULL: not wanted */
    int exponent;                  /* of the charges' unit */
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

/* Where a part's sums go. Those of squares are one number a value. */
static dp_place place_of(const direct_sum *d, int part, dp_result result) {
    dp_place place = dp_place_of(&d->shape, part, result);
    if (d->is_rms && place.n_rows)
        return (dp_place){place.first_row, 1, 1, 0, 1};
    return place;
}

/* Sums of one piece, in the caller's units: part `part` of values. */
static void store(const direct_sum *d, int64_t begin, int64_t n, int part,
                  double sums[DP_HESSIAN][PIECE]) {
    for (int k = 0; k < DP_N_RESULTS; k++) {
        const dp_place at = place_of(d, part, (dp_result)k);
        const int lengths = dp_lengths_of(&d->shape, part, at.first_row);
        const dp_power unit = dp_power_split(d->exponent - lengths * d->cube.exponent);
        for (int64_t j = 0; d->results[k] && j < n; j++)
            for (int i = 0; i < at.n_rows; i++) {
                double sum = sums[at.first_row + i][j];
                int64_t to = at.width * (begin + j) * d->point + at.first + i * at.step;
                d->results[k][to] =
                    dp_power_times(&unit, DP_KERNEL_FACTOR * (d->is_rms ? sqrt(sum) : sum));
            }
    }
}

/* What part `from` of the sources does by a part of the kernel, times the sign, is added to sums of
 * n targets from `begin` on. */
static dagpole_status add_part(const direct_sum *d, int is_imaginary, int from, double sign,
                               int64_t begin, int64_t n, double sums[DP_HESSIAN][PIECE]) {
    const dp_kernel *kernel = is_imaginary ? d->kernel->imaginary : d->kernel;
    const double *carried = d->carried + from * dp_n_carried(&d->shape) * d->n_sources;
    double here[DP_HESSIAN][PIECE] = {{0}};
    dp_isa isa = dp_isa_best();
    dp_direct_loop loop = {.p2p = d->is_rms ? kernel->squares[isa] : kernel->p2p[isa],
                           .lambda = d->lambda,
                           .is_squares = d->is_rms};
    if (d->user)
        DP_TRY(dp_user_work_create(d->user, &loop.user));
    dagpole_status status = dp_direct(&loop, n, rows_from(d->targets, d->n_targets, begin),
                                      dp_sums_of_rows(here[0], PIECE, d->n_sums), d->n_sources,
                                      rows_from(d->sources, d->n_sources, 0),
                                      dp_carried_of_rows(&d->shape, carried, d->n_sources));
    if (status == DAGPOLE_OK && loop.user && loop.user->failure.is_set)
        status = dp_user_report(loop.user, NULL, NULL);
    dp_user_work_destroy(loop.user);
    DP_TRY(status);
    for (int k = 0; k < d->n_sums; k++)
        for (int64_t j = 0; j < n; j++)
            sums[k][j] += sign * here[k][j];
    return DAGPOLE_OK;
}

/* A complex value's two parts. */
static dagpole_status sum_complex(const direct_sum *d, int64_t begin, int64_t n) {
    for (int part = 0; part < 2; part++) {
        double sums[DP_HESSIAN][PIECE] = {{0}};
        DP_TRY(add_part(d, 0, part, 1, begin, n, sums));
        DP_TRY(add_part(d, 1, 1 - part, part ? 1 : -1, begin, n, sums));
        store(d, begin, n, part, sums);
    }
    return DAGPOLE_OK;
}

/* The squares of all charges' sizes are in the first part; both parts of dipoles are by themselves.
 */
static dagpole_status sum_complex_rms(const direct_sum *d, int64_t begin, int64_t n) {
    double sums[DP_HESSIAN][PIECE] = {{0}};
    for (int part = 0; part < (d->shape.has_dipoles ? 2 : 1); part++) {
        DP_TRY(add_part(d, 0, part, 1, begin, n, sums));
        DP_TRY(add_part(d, 1, part, 1, begin, n, sums));
    }
    store(d, begin, n, 0, sums);
    return DAGPOLE_OK;
}

/* All parts of Stokes. */
static dagpole_status sum_flow(const direct_sum *d, int64_t begin, int64_t n) {
    const dp_isa isa = dp_isa_best();
    double sums[DP_FLOW_PARTS][DP_HESSIAN][PIECE] = {{{0}}};
    dp_direct_loop loop = {.parts = d->is_rms ? d->kernel->squares_parts[isa]
                                              : d->kernel->p2p_parts[isa],
                           .out_stride = DP_HESSIAN * PIECE,
                           .carried_stride = dp_n_carried(&d->shape) * d->n_sources,
                           .is_squares = d->is_rms};
    DP_TRY(dp_direct(&loop, n, rows_from(d->targets, d->n_targets, begin),
                     dp_sums_of_rows(sums[0][0], PIECE, d->n_sums), d->n_sources,
                     rows_from(d->sources, d->n_sources, 0),
                     dp_carried_of_rows(&d->shape, d->carried, d->n_sources)));
    for (int part = 0; part < DP_FLOW_PARTS; part++)
        if (!d->is_rms || part == 0 || part == DP_FORCES)
            store(d, begin, n, part, sums[part]);
    return DAGPOLE_OK;
}

static dagpole_status sum_piece(void *argument, int64_t i) {
    direct_sum *d = argument;
    int64_t begin = (d->first + i) * PIECE;
    int64_t n = d->n_targets - begin < PIECE ? d->n_targets - begin : PIECE;
    double sums[DP_HESSIAN][PIECE] = {{0}};
    if (dp_is_flow(&d->shape))
        return sum_flow(d, begin, n);
    if (dp_is_complex(&d->shape))
        return d->is_rms ? sum_complex_rms(d, begin, n) : sum_complex(d, begin, n);
    DP_TRY(add_part(d, 0, 0, 1, begin, n, sums));
    store(d, begin, n, 0, sums);
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

/* One vector of what the caller gives and wants. */
typedef struct request {
    dp_arrays arrays;
    int64_t first_source, first_target; /* values that it begins with */
} request;

static dagpole_status take_number(const char *name, int64_t i, double number, const dp_power *unit,
                                  double *to) {
    if (!isfinite(number))
        return dp_fail(DAGPOLE_NUMERIC, "%s[%lld] is %g: %s must be finite", name, (long long)i,
                       number, name);
    *to = dp_power_times(unit, number);
    return DAGPOLE_OK;
}

/* Forces in their unit (squared, of an rms), and stresslets in that times a length. */
static dagpole_status scale_flow(direct_sum *d, const request *r, int exponent) {
    const double *forces = r->arrays.charges, *stresslets = r->arrays.dipoles;
    const dp_power unit = dp_power_split(-exponent), as_is = dp_power_split(0);
    const int64_t n = d->n_sources, of_part = dp_n_carried(&d->shape) * n;
    memset(d->carried, 0, (size_t)(DP_FLOW_PARTS * of_part) * sizeof *d->carried);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = r->first_source + i * d->point;
        double s[6], *to = d->carried + i;
        for (int j = 0; forces && j < DP_FORCES; j++) {
            double *force = &to[j * of_part];
            DP_TRY(take_number("charges", 3 * at + j, forces[3 * at + j], &unit, force));
            *force *= d->is_rms ? *force : 1;
        }
        for (int k = 0; stresslets && k < 6; k++)
            DP_TRY(take_number("dipoles", 6 * at + k, stresslets[6 * at + k], &as_is, &s[k]));
        if (!stresslets)
            continue;
        dp_stresslet_scale(s, -exponent - d->cube.exponent);
        for (int j = 0; j < DP_FORCES; j++)
            for (int k = 0; k < 3; k++)
                to[j * of_part + (1 + k) * n] = dp_doublet_of(s, j, k);
        double source = dp_source_of(s);
        to[DP_FORCES * of_part] = d->is_rms ? source * source : source;
    }
    return DAGPOLE_OK;
}

/* Charges in their unit (squared, of an rms), and dipoles in that times a length. */
static dagpole_status scale_carried(direct_sum *d, const request *r, int exponent) {
    const double *charges = r->arrays.charges, *dipoles = r->arrays.dipoles;
    if (dp_is_flow(&d->shape))
        return scale_flow(d, r, exponent);
    const dp_power unit = dp_power_split(-exponent),
                   of_dipoles = dp_power_split(-exponent - d->cube.exponent);
    const int64_t n = d->n_sources, n_parts = dp_n_parts(&d->shape);
    for (int64_t part = 0; part < n_parts; part++) {
        double *rows = d->carried + part * dp_n_carried(&d->shape) * n;
        double *row = rows + d->shape.has_charges * n;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = r->first_source + i * d->point;
            if (d->shape.has_charges)
                DP_TRY(take_number("charges", n_parts * at + part, charges[n_parts * at + part],
                                   &unit, &rows[i]));
            for (int64_t k = 0; d->shape.has_dipoles && k < 3; k++) {
                int64_t of_dipole = n_parts * (3 * at + k) + part;
                DP_TRY(take_number("dipoles", of_dipole, dipoles[of_dipole], &of_dipoles,
                                   &row[k * n + i]));
            }
        }
    }
    for (int64_t i = 0; d->shape.has_charges && d->is_rms && i < n; i++) {
        d->carried[i] *= d->carried[i];
        if (n_parts == 2) {
            double *imaginary = &d->carried[dp_n_carried(&d->shape) * n + i];
            d->carried[i] += *imaginary * *imaginary;
            *imaginary = 0;
        }
    }
    return DAGPOLE_OK;
}

static void set_results(direct_sum *d, const request *r) {
    double *const arrays[] = {r->arrays.potentials, r->arrays.gradients, r->arrays.hessians,
                              r->arrays.pressures};
    for (int k = 0; k < DP_N_RESULTS; k++) {
        int part = k == DP_PRESSURES ? DP_FORCES : 0, width = place_of(d, part, (dp_result)k).width;
        d->results[k] = arrays[k] ? arrays[k] + width * r->first_target : NULL;
    }
}

static dagpole_status sum_vector(dagpole_context *context, direct_sum *d, const request *r) {
    const double *charges = r->arrays.charges, *dipoles = r->arrays.dipoles;
    const dp_widths *widths = dp_kernel_widths(d->options->kernel);
    const dp_given given = {.n = d->n_sources,
                            .charges = charges ? charges + widths->charge * r->first_source : NULL,
                            .dipoles = dipoles ? dipoles + widths->dipole * r->first_source : NULL,
                            .widths = widths,
                            .n_vectors = 1,
                            .point = d->point};
    double work[DP_MAX_CHUNKS];
    int exponents[DP_FLOW_PARTS];
    DP_TRY(dp_charge_exponents(&dp_team_serial, &given, d->cube.exponent, work, exponents));
    d->exponent = exponents[0];
    DP_TRY(scale_carried(d, r, d->exponent));
    set_results(d, r);
    return sum_all(context, d);
}

static dagpole_status prepare(direct_sum *d, const double *sources, const double *targets) {
    dp_bounds bounds = dp_bounds_empty();
    DP_TRY(dp_bounds_widen(&dp_team_serial, "sources", d->n_sources, sources, &bounds));
    DP_TRY(dp_bounds_widen(&dp_team_serial, "targets", d->n_targets, targets, &bounds));
    d->cube = dp_cube_fit(&bounds, 1);
    if (d->user)
        d->user->unit = ldexp(1, d->cube.exponent);
    d->lambda = dp_scaled_lambda(d->options, &d->cube);
    d->sources = to_rows(&d->cube, d->n_sources, sources);
    d->targets = to_rows(&d->cube, d->n_targets, targets);
    d->carried =
        dp_alloc((size_t)d->n_sources,
                 (size_t)(dp_n_parts(&d->shape) * dp_n_carried(&d->shape)) * sizeof *d->carried);
    return d->sources && d->targets && d->carried ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* All vectors, one by one. */
static dagpole_status sum_vectors(dagpole_context *context, direct_sum *d,
                                  const dagpole_plan_options *o, const dp_arrays *arrays) {
    int64_t stride = o->vector_stride;
    request r = {*arrays, 0, 0};
    for (int v = 0; v < o->n_vectors; v++) {
        DP_TRY(sum_vector(context, d, &r));
        r.first_source += stride ? stride : d->n_sources * d->point;
        r.first_target += stride ? stride : d->n_targets * d->point;
    }
    return DAGPOLE_OK;
}

/* Options that are resolved. */
static dagpole_status sum(dagpole_context *context, const dagpole_plan_options *o, direct_sum d,
                          const double *sources, const double *targets, const dp_arrays *arrays) {
    DP_TRY(dp_check_points(d.n_sources, sources, d.n_targets, targets));
    d.n_targets = targets ? d.n_targets : d.n_sources;
    d.options = o;
    d.shape = dp_options_shape(o);
    d.point = o->point_stride;
    d.n_sums = arrays->hessians ? DP_HESSIAN : arrays->gradients ? DP_GRADIENT : DP_POTENTIAL;
    DP_TRY(dp_check_strides(o, d.n_sources > d.n_targets ? d.n_sources : d.n_targets));
    DP_TRY(dp_check_values(o, d.n_sources, d.n_targets, arrays));
    DP_TRY(dp_options_kernel(o, &d.kernel, &d.user));
    dagpole_status status = dp_user_check_results(d.user, o->sources, arrays->gradients != NULL,
                                                  arrays->hessians != NULL);
    if (status == DAGPOLE_OK)
        status = prepare(&d, sources, targets ? targets : sources);
    if (status == DAGPOLE_OK)
        status = sum_vectors(context, &d, o, arrays);
    dp_free(d.carried);
    dp_free(d.targets);
    dp_free(d.sources);
    dp_user_destroy(d.user);
    return status;
}

/* One vector of charges. */
static dagpole_status sum_charges(dagpole_context *context, dagpole_kernel kernel, double lambda,
                                  direct_sum d, const double *sources, const double *targets,
                                  const dp_arrays *arrays) {
    dagpole_plan_options o;
    dagpole_plan_options_init(&o);
    o.kernel = kernel;
    o.lambda = lambda;
    o.wave_number = lambda;
    DP_TRY(dp_options_resolve(&o, &o));
    if ((targets ? d.n_targets : d.n_sources) > 0 && !arrays->potentials)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "potentials is NULL: there are %lld targets",
                       (long long)(targets ? d.n_targets : d.n_sources));
    return sum(context, &o, d, sources, targets, arrays);
}

dagpole_status dagpole_direct(dagpole_context *context, dagpole_kernel kernel, double lambda,
                              int64_t n_sources, const double *sources, const double *charges,
                              int64_t n_targets, const double *targets, double *potentials,
                              double *gradients) {
    DP_DEFAULT_FLOATING;
    return sum_charges(
        context, kernel, lambda, (direct_sum){.n_sources = n_sources, .n_targets = n_targets},
        sources, targets,
        &(dp_arrays){.charges = charges, .potentials = potentials, .gradients = gradients});
}

dagpole_status dagpole_direct_rms(dagpole_context *context, dagpole_kernel kernel, double lambda,
                                  int64_t n_sources, const double *sources, const double *charges,
                                  int64_t n_targets, const double *targets, double *potentials,
                                  double *gradients) {
    DP_DEFAULT_FLOATING;
    return sum_charges(
        context, kernel, lambda,
        (direct_sum){.n_sources = n_sources, .n_targets = n_targets, .is_rms = 1}, sources, targets,
        &(dp_arrays){.charges = charges, .potentials = potentials, .gradients = gradients});
}

dagpole_status dagpole_direct_apply(dagpole_context *context, const dagpole_plan_options *options,
                                    int64_t n_sources, const double *sources, int64_t n_targets,
                                    const double *targets, int is_rms,
                                    const dagpole_values *values) {
    DP_DEFAULT_FLOATING;
    dagpole_plan_options o;
    dp_arrays arrays;
    DP_TRY(dp_options_resolve(options, &o));
    DP_TRY(dp_values_take(values, &arrays));
    DP_TRY(dp_check_flag("is_rms", is_rms));
    return sum(context, &o,
               (direct_sum){.n_sources = n_sources, .n_targets = n_targets, .is_rms = is_rms},
               sources, targets, &arrays);
}

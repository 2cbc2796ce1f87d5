#include "operators/interaction.h"

#include <math.h>

#include "operators/data.h"

/* Surface points as three arrays in one block. */
static double *place(const dp_surface *s, double radius, const double centre[3], dp_soa *soa) {
    size_t n = (size_t)s->n;
    double *x = dp_alloc(3 * n, sizeof *x);
    if (x) {
        dp_surface_place(s, radius == DP_RADIUS_FAR, radius, centre, x, x + n, x + 2 * n);
        *soa = (dp_soa){x, x + n, x + 2 * n};
    }
    return x;
}

/* Blocks of a matrix of two components, n x m each: those of the diagonal have opposite signs. */
static void put_blocks(int n, int m, const double *block, int is_imaginary, double *matrix) {
    size_t ld = 2 * (size_t)n, next = (size_t)m * ld;
    for (size_t i = 0; i < (size_t)m; i++)
        for (size_t j = 0; j < (size_t)n; j++) {
            double *to = matrix + i * ld + j, value = block[i * (size_t)n + j];
            to[is_imaginary ? n : 0] = is_imaginary ? -value : value;
            to[next + (is_imaginary ? 0 : (size_t)n)] = -value;
        }
}

/* Kernel values from points to points (operators/surface.h). */
static dagpole_status fill(const dp_surface *target, const dp_surface *source,
                           const dp_kernel *kernel, dp_lambda lambda, dp_soa targets,
                           dp_soa sources, double *matrix) {
    int n = target->n / target->n_components, m = source->n / source->n_components;
    if (!kernel->imaginary) {
        dp_kernel_matrix(kernel, lambda, n, targets, m, sources, matrix);
        return DAGPOLE_OK;
    }
    double *block = dp_alloc((size_t)n * m, sizeof *block);
    if (!block)
        return DAGPOLE_NO_MEMORY;
    dp_kernel_matrix(kernel, lambda, n, targets, m, sources, block);
    put_blocks(n, m, block, 0, matrix);
    dp_kernel_matrix(kernel->imaginary, lambda, n, targets, m, sources, block);
    put_blocks(n, m, block, 1, matrix);
    dp_free(block);
    return DAGPOLE_OK;
}

/* n x m to m x n, in place where they are the same. */
static dagpole_status transpose(int n, int m, double **matrix) {
    double *from = *matrix, *to;
    if (n == m) {
        dp_transpose_square(n, from);
        return DAGPOLE_OK;
    }
    to = dp_alloc((size_t)n * m, sizeof *to);
    if (!to)
        return DAGPOLE_NO_MEMORY;
    for (int j = 0; j < m; j++)
        for (int i = 0; i < n; i++)
            to[j + (size_t)i * m] = from[i + (size_t)j * n];
    dp_free(from);
    *matrix = to;
    return DAGPOLE_OK;
}

static dagpole_status to_parities(const dp_surface *target, const dp_surface *source,
                                  double **matrix, double *work) {
    dp_surface_to_parity(target, source->n, *matrix, work);
    DP_TRY(transpose(target->n, source->n, matrix));
    dp_surface_to_parity(source, target->n, *matrix, work);
    return transpose(source->n, target->n, matrix);
}

/* Callbacks may give anything. */
static dagpole_status check_finite(const dp_kernel *kernel, size_t n, const double *m) {
    for (size_t i = 0; kernel->user && i < n; i++)
        if (!isfinite(m[i]))
            return dp_fail(
                DAGPOLE_NUMERIC,
                "user_kernel.values gave %g between points of the surfaces of two boxes: "
                "values must be finite where points are apart",
                m[i]);
    return DAGPOLE_OK;
}

dagpole_status dp_interaction_matrix(const dp_surface *target, const dp_surface *source,
                                     const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix) {
    static const double origin[3] = {0, 0, 0};
    dp_soa targets, sources;
    double *t = place(target, target_radius, origin, &targets);
    double *y = place(source, source_radius, source_centre, &sources);
    double *work = dp_alloc((size_t)target->n + source->n, sizeof *work);
    double *m = dp_alloc((size_t)target->n * source->n, sizeof *m);
    dagpole_status status = t && y && work && m ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = fill(target, source, kernel, lambda, targets, sources, m);
    if (status == DAGPOLE_OK)
        status = check_finite(kernel, (size_t)target->n * source->n, m);
    if (status == DAGPOLE_OK)
        status = to_parities(target, source, &m, work);
    if (status != DAGPOLE_OK) {
        dp_free(m);
        m = NULL;
    }
    *matrix = m;
    dp_free(work);
    dp_free(y);
    dp_free(t);
    return status;
}

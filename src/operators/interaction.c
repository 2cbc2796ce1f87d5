#include "operators/interaction.h"

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

/* Blocks of a matrix of two components, n x n each: those of the diagonal have opposite signs. */
static void put_blocks(int n, const double *block, int is_imaginary, double *matrix) {
    size_t ld = 2 * (size_t)n;
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j < (size_t)n; j++) {
            double *to = matrix + i * ld + j, value = block[i * (size_t)n + j];
            to[is_imaginary ? n : 0] = is_imaginary ? -value : value;
            to[(is_imaginary ? 0 : n) + n * ld] = -value;
        }
}

/* Kernel values from points to points (operators/surface.h). */
static dagpole_status fill(const dp_surface *s, const dp_kernel *kernel, dp_lambda lambda,
                           dp_soa targets, dp_soa sources, double *matrix) {
    int n = s->n / s->n_components;
    if (!kernel->imaginary) {
        dp_kernel_matrix(kernel, lambda, n, targets, n, sources, matrix);
        return DAGPOLE_OK;
    }
    double *block = dp_alloc((size_t)n * n, sizeof *block);
    if (!block)
        return DAGPOLE_NO_MEMORY;
    dp_kernel_matrix(kernel, lambda, n, targets, n, sources, block);
    put_blocks(n, block, 0, matrix);
    dp_kernel_matrix(kernel->imaginary, lambda, n, targets, n, sources, block);
    put_blocks(n, block, 1, matrix);
    dp_free(block);
    return DAGPOLE_OK;
}

dagpole_status dp_interaction_matrix(const dp_surface *s, const dp_kernel *kernel, dp_lambda lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix) {
    static const double origin[3] = {0, 0, 0};
    dp_soa targets, sources;
    double *t = place(s, target_radius, origin, &targets);
    double *y = place(s, source_radius, source_centre, &sources);
    double *work = dp_alloc((size_t)s->n, sizeof *work);
    double *m = dp_alloc((size_t)s->n * s->n, sizeof *m);
    dagpole_status status = t && y && work && m ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK)
        status = fill(s, kernel, lambda, targets, sources, m);
    if (status == DAGPOLE_OK) {
        dp_surface_to_parity(s, s->n, m, work);
        dp_transpose_square(s->n, m);
        dp_surface_to_parity(s, s->n, m, work);
        dp_transpose_square(s->n, m);
    } else {
        dp_free(m);
        m = NULL;
    }
    *matrix = m;
    dp_free(work);
    dp_free(y);
    dp_free(t);
    return status;
}

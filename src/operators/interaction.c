#include "operators/interaction.h"

/* Surface points as three arrays in one block. */
static double *place(const dp_surface *s, double radius, const double centre[3], dp_soa *soa) {
    size_t n = (size_t)s->n;
    double *x = dp_alloc(3 * n, sizeof *x);
    if (x) {
        dp_surface_place(s, radius, centre, x, x + n, x + 2 * n);
        *soa = (dp_soa){x, x + n, x + 2 * n};
    }
    return x;
}

dagpole_status dp_interaction_matrix(const dp_surface *s, const dp_kernel *kernel, double lambda,
                                     double target_radius, double source_radius,
                                     const double source_centre[3], double **matrix) {
    static const double origin[3] = {0, 0, 0};
    dp_soa targets, sources;
    double *t = place(s, target_radius, origin, &targets);
    double *y = place(s, source_radius, source_centre, &sources);
    double *work = dp_alloc((size_t)s->n, sizeof *work);
    double *m = dp_alloc((size_t)s->n * s->n, sizeof *m);
    int is_ready = t && y && work && m;
    if (is_ready) {
        dp_kernel_matrix(kernel, lambda, s->n, targets, s->n, sources, m);
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
    return is_ready ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

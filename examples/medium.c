/* A kernel of one's own: potentials in a medium that conducts twice as well along x, to six digits:
 * medium [N]. The reference is Laplace's kernel at coordinates in which the medium is isotropic.
 *     cc medium.c $(pkg-config --cflags --libs dagpole) -lm */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double A[3] = {2, 1, 1}; /* -div(A grad phi) is the charge */

/* G(r) = 1 / (4 pi sqrt(det A) sqrt(r . A^-1 r)) for every target (rows) and source (columns). */
static void values(void *user, int64_t n_targets, const double *targets, int64_t n_sources,
                   const double *sources, double *g) {
    const double factor = *(const double *)user;
    for (int64_t j = 0; j < n_targets; j++)
        for (int64_t i = 0; i < n_sources; i++) {
            double square = 0;
            for (int d = 0; d < 3; d++) {
                double r = targets[3 * j + d] - sources[3 * i + d];
                square += r * r / A[d];
            }
            g[j * n_sources + i] = factor / sqrt(square);
        }
}

int main(int argc, char **argv) {
    int64_t n = argc > 1 ? (int64_t)atof(argv[1]) : 100000;
    if (n < 1) {
        fprintf(stderr, "medium [N]: N is the number of points, 1e5 for example\n");
        return 2;
    }
    double det = A[0] * A[1] * A[2], factor = 1 / (16 * atan(1) * sqrt(det));
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL, *isotropic = NULL;
    dagpole_plan_options options, laplace;
    dagpole_user_kernel medium;
    dagpole_cloud cloud;
    double *potentials = calloc((size_t)n, sizeof *potentials), error = 0, size = 0;
    double *expected = calloc((size_t)n, sizeof *expected);

    dagpole_user_kernel_init(&medium);
    medium.values = values;
    medium.user = &factor;
    medium.is_homogeneous = 1; /* of degree -1, which is the default */
    medium.version = "medium-2-1-1";
    dagpole_plan_options_init(&laplace);
    laplace.digits = 8;
    dagpole_plan_options_init(&options);
    options.kernel = DAGPOLE_USER;
    options.user_kernel = &medium;
    if (!potentials || !expected || dagpole_cloud_generate("cube", n, 1, "mixed", &cloud) ||
        dagpole_context_create(NULL, &context) ||
        dagpole_plan_create(context, &options, n, cloud.sources, 0, NULL, &plan) ||
        dagpole_plan_evaluate(plan, cloud.charges, potentials, NULL)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    for (int64_t i = 0; i < 3 * n; i++) /* A^(-1/2) x */
        cloud.sources[i] /= sqrt(A[i % 3]);
    if (dagpole_plan_create(context, &laplace, n, cloud.sources, 0, NULL, &isotropic) ||
        dagpole_plan_evaluate(isotropic, cloud.charges, expected, NULL)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    for (int64_t i = 0; i < n; i++) {
        error += pow(potentials[i] - expected[i] / sqrt(det), 2);
        size += pow(expected[i], 2) / det;
    }
    printf("relative L2 error: %.2g\n", sqrt(error / size));
    dagpole_plan_destroy(isotropic);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    dagpole_cloud_free(&cloud);
    free(potentials);
    free(expected);
    return error <= 1e-10 * size ? 0 : 1; /* mixed charges cancel: a digit less */
}

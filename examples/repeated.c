/* One plan, new charges again and again: solves (c I + G) q = b for the charges q that give the
 * potential b = 1 on a sphere, by conjugate gradients: repeated [N] */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double dot(int64_t n, const double *a, const double *b) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Returns the number of evaluations, -1 where one failed. vectors: 3 n doubles of work space. */
static int solve(dagpole_plan *plan, int64_t n, double c, double *q, double *vectors) {
    double *r = vectors, *p = vectors + n, *ap = vectors + 2 * n, rr = (double)n;
    for (int64_t i = 0; i < n; i++) {
        q[i] = 0;
        r[i] = p[i] = 1;
    }
    int step = 0;
    for (; step < 100 && rr > 1e-16 * (double)n; step++) {
        if (dagpole_plan_evaluate(plan, p, ap, NULL))
            return -1;
        for (int64_t i = 0; i < n; i++)
            ap[i] += c * p[i];
        double alpha = rr / dot(n, p, ap), previous = rr;
        for (int64_t i = 0; i < n; i++) {
            q[i] += alpha * p[i];
            r[i] -= alpha * ap[i];
        }
        rr = dot(n, r, r);
        for (int64_t i = 0; i < n; i++)
            p[i] = r[i] + rr / previous * p[i];
    }
    return step;
}

int main(int argc, char **argv) {
    int64_t n = argc > 1 ? (int64_t)atof(argv[1]) : 100000;
    if (n < 1) {
        fprintf(stderr, "repeated [N]: N is the number of points, 1e5 for example\n");
        return 2;
    }
    double c = (double)n / 10; /* keeps the matrix positive definite */
    double *q = calloc((size_t)n, 4 * sizeof *q), *potentials = calloc((size_t)n, sizeof *q);
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_plan_options options;
    dagpole_cloud cloud;
    int n_steps = -1, n_checked = n < 100 ? (int)n : 100;

    dagpole_plan_options_init(&options);
    options.digits = 9;
    if (!q || !potentials || dagpole_cloud_generate("sphere", n, 1, "unit", &cloud) ||
        dagpole_context_create(NULL, &context) ||
        dagpole_plan_create(context, &options, n, cloud.sources, 0, NULL, &plan) ||
        (n_steps = solve(plan, n, c, q, q + n)) < 0 ||
        dagpole_direct(context, options.kernel, 0, n, cloud.sources, q, n_checked, cloud.sources,
                       potentials, NULL)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    double worst = 0;
    for (int i = 0; i < n_checked; i++)
        worst = fmax(worst, fabs(c * q[i] + potentials[i] - 1));
    printf("%d evaluations of one plan; residual by the direct sum %.1e\n", n_steps, worst);

    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    dagpole_cloud_free(&cloud);
    free(q);
    free(potentials);
    return worst <= 1e-6 ? 0 : 1;
}

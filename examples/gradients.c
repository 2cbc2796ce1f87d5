/* Forces on probes: gradients at targets that are not the sources: gradients [N] */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_PROBES = 1000 };

/* A ring of probes of radius 2 around the cloud. */
static void place_probes(double *targets) {
    for (int i = 0; i < N_PROBES; i++) {
        double angle = 6.283185307179586 * i / N_PROBES;
        targets[3 * i] = 2 * cos(angle);
        targets[3 * i + 1] = 2 * sin(angle);
        targets[3 * i + 2] = 0.5;
    }
}

static double relative_error(int n, const double *value, const double *exact) {
    double error = 0, norm = 0;
    for (int i = 0; i < n; i++) {
        error += (value[i] - exact[i]) * (value[i] - exact[i]);
        norm += exact[i] * exact[i];
    }
    return sqrt(error / norm);
}

int main(int argc, char **argv) {
    int64_t n = argc > 1 ? (int64_t)atof(argv[1]) : 200000;
    if (n < 1) {
        fprintf(stderr, "gradients [N]: N is the number of points, 1e5 for example\n");
        return 2;
    }
    static double targets[3 * N_PROBES], potentials[N_PROBES], gradients[3 * N_PROBES];
    static double exact_potentials[N_PROBES], exact_gradients[3 * N_PROBES];
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_plan_options options;
    dagpole_cloud cloud;

    place_probes(targets);
    dagpole_plan_options_init(&options);
    options.kernel = DAGPOLE_YUKAWA;
    options.lambda = 0.5;
    options.digits = 9;
    options.gradients = 1;
    if (dagpole_cloud_generate("plummer", n, 1, "mixed", &cloud) ||
        dagpole_context_create(NULL, &context) ||
        dagpole_plan_create(context, &options, n, cloud.sources, N_PROBES, targets, &plan) ||
        dagpole_plan_evaluate(plan, cloud.charges, potentials, gradients) ||
        dagpole_direct(context, options.kernel, options.lambda, n, cloud.sources, cloud.charges,
                       N_PROBES, targets, exact_potentials, exact_gradients)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    double error = relative_error(N_PROBES, potentials, exact_potentials);
    double gradient_error = relative_error(3 * N_PROBES, gradients, exact_gradients);
    printf("%d probes: error of potentials %.1e, of gradients %.1e\n", N_PROBES, error,
           gradient_error);

    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    dagpole_cloud_free(&cloud);
    return error <= 1e-9 && gradient_error <= 1e-8 ? 0 : 1;
}

/* Potentials of unit charges on a sphere, to six digits: sphere [N]
 *     cc sphere.c $(pkg-config --cflags --libs dagpole) -lm */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int64_t n = argc > 1 ? (int64_t)atof(argv[1]) : 1000000;
    if (n < 1) {
        fprintf(stderr, "sphere [N]: N is the number of points, 1e5 for example\n");
        return 2;
    }
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_plan_options options;
    dagpole_cloud cloud;
    double exact, *potentials = calloc((size_t)n, sizeof *potentials);

    dagpole_plan_options_init(&options);
    options.digits = 6;
    if (!potentials || dagpole_cloud_generate("sphere", n, 1, "unit", &cloud) ||
        dagpole_context_create(NULL, &context) ||
        dagpole_plan_create(context, &options, n, cloud.sources, 0, NULL, &plan) ||
        dagpole_plan_evaluate(plan, cloud.charges, potentials, NULL) ||
        dagpole_direct(context, options.kernel, 0, n, cloud.sources, cloud.charges, 1,
                       cloud.sources, &exact, NULL)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    printf("potential at the first charge: %.10g, by the direct sum %.10g\n", potentials[0], exact);

    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    int is_right = fabs(potentials[0] - exact) <= 1e-5 * fabs(exact);
    dagpole_cloud_free(&cloud);
    free(potentials);
    return is_right ? 0 : 1;
}

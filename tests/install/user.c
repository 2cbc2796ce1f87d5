/* A program outside the tree, in C and in C++: uses what is installed. */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>

int main(void) {
    const double points[6] = {0, 0, 0, 0, 0, 2}, charges[2] = {3, 5};
    double potentials[2];
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    if (DAGPOLE_CHECK() || dagpole_context_create(NULL, &context) ||
        dagpole_plan_create(context, NULL, 2, points, 0, NULL, &plan) ||
        dagpole_plan_evaluate(plan, charges, potentials, NULL)) {
        fprintf(stderr, "%s\n", dagpole_last_error());
        return 1;
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    double unit = 1 / (4 * 3.14159265358979324 * 2);
    printf("dagpole %s: %.9f %.9f\n", dagpole_version(), potentials[0], potentials[1]);
    return fabs(potentials[0] - 5 * unit) < 1e-6 && fabs(potentials[1] - 3 * unit) < 1e-6 ? 0 : 1;
}

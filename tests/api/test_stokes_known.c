/* Stokes flow around a sphere, against what is known. */
#include <math.h>

#include "plans.h"

/* A rule on the unit sphere: Gauss-Legendre along z, equal steps around it. */
enum { RINGS = 40, AROUND = 80, ON_SPHERE = RINGS * AROUND };

static void legendre(double x, double *value, double *slope) {
    double before = 1, p = x;
    for (int k = 2; k <= RINGS; k++) {
        double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
        before = p;
        p = next;
    }
    *value = p;
    *slope = RINGS * (x * p - before) / (x * x - 1);
}

static void place_on_sphere(double points[3 * ON_SPHERE], double weights[ON_SPHERE]) {
    for (int k = 0; k < RINGS; k++) {
        double z = cos(M_PI * (k + 0.75) / (RINGS + 0.5)), value, slope;
        for (int step = 0; step < 20; step++) {
            legendre(z, &value, &slope);
            z -= value / slope;
        }
        legendre(z, &value, &slope);
        for (int i = 0; i < AROUND; i++) {
            double angle = 2 * M_PI * i / AROUND, *at = &points[3 * (k * AROUND + i)];
            at[0] = sqrt(1 - z * z) * cos(angle);
            at[1] = sqrt(1 - z * z) * sin(angle);
            at[2] = z;
            weights[k * AROUND + i] = 2 / ((1 - z * z) * slope * slope) * 2 * M_PI / AROUND;
        }
    }
}

enum { INSIDE = 7 };

/* Inside and outside of the sphere, as far from it as the rule holds ten digits. */
static const double around[2 * INSIDE][3] = {
    {0, 0, 0},       {0.3, 0, 0},     {0, -0.2, 0.1}, {0.1, 0.2, 0.3}, {-0.4, 0.1, 0},
    {0, 0.45, 0},    {0.2, 0.2, 0.2}, {2, 0, 0},      {0, -2.5, 0},    {0, 0, 3},
    {1.5, 1.5, 1.5}, {-2, 1, 0},      {-3, -3, 2},    {1, 2, -1}};

/* A rigid sphere of radius 1 that moves with velocity U in a fluid of viscosity 1 has traction
 * 3 U / 2 everywhere: its drag is 6 pi U. All that is inside moves with it. Outside it is Stokes'
 * solution, with the pressure 3 U . x / (2 r^3). */
START_TEST(a_sphere_has_the_drag_of_stokes) {
    static const double u[3] = {0.6, -0.3, 1};
    static double points[3 * ON_SPHERE], weights[ON_SPHERE], forces[3 * ON_SPHERE];
    double velocities[3 * 2 * INSIDE], pressures[2 * INSIDE], drag[3] = {0};
    dagpole_context *context = open_with_cache();
    dagpole_plan_options options = quick_options(0);
    options.kernel = DAGPOLE_STOKES;
    options.digits = 10;
    options.n_crit = 100;
    place_on_sphere(points, weights);
    for (int i = 0; i < ON_SPHERE; i++)
        for (int d = 0; d < 3; d++)
            drag[d] += forces[3 * i + d] = 1.5 * u[d] * weights[i];
    for (int d = 0; d < 3; d++)
        ck_assert_double_eq_tol(drag[d], 6 * M_PI * u[d], 1e-12);
    dagpole_plan *plan = open_plan(context, options, ON_SPHERE, points, 2 * INSIDE, around[0]);
    dagpole_values values;
    dagpole_values_init(&values);
    values.charges = forces;
    values.potentials = velocities;
    values.pressures = pressures;
    must(dagpole_plan_apply(plan, &values));
    for (int i = 0; i < 2 * INSIDE; i++) {
        const double *x = around[i];
        double r = i < INSIDE ? 1 : sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
        double along = (u[0] * x[0] + u[1] * x[1] + u[2] * x[2]) / (r * r);
        for (int d = 0; d < 3; d++) {
            double outside = (0.75 / r + 0.25 / (r * r * r)) * u[d] +
                             0.75 * (1 / r - 1 / (r * r * r)) * along * x[d];
            ck_assert_double_eq_tol(velocities[3 * i + d], i < INSIDE ? u[d] : outside, 1e-9);
        }
        ck_assert_double_eq_tol(pressures[i], i < INSIDE ? 0 : 1.5 * along / r, 1e-8);
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

/* A double layer of constant density on a closed surface is that inside, and nothing outside. */
START_TEST(a_double_layer_jumps) {
    static const double g[3] = {0.5, -1, 0.25};
    static double points[3 * ON_SPHERE], weights[ON_SPHERE], stresslets[6 * ON_SPHERE];
    double velocities[3 * 2 * INSIDE];
    dagpole_context *context = open_with_cache();
    dagpole_plan_options options = quick_options(0);
    options.kernel = DAGPOLE_STOKES;
    options.sources = DAGPOLE_DIPOLES;
    options.digits = 9;
    options.n_crit = 100;
    place_on_sphere(points, weights);
    for (int i = 0; i < ON_SPHERE; i++)
        for (int d = 0; d < 3; d++) {
            stresslets[6 * i + d] = points[3 * i + d];
            stresslets[6 * i + 3 + d] = weights[i] * g[d];
        }
    dagpole_plan *plan = open_plan(context, options, ON_SPHERE, points, 2 * INSIDE, around[0]);
    dagpole_values values;
    dagpole_values_init(&values);
    values.dipoles = stresslets;
    values.potentials = velocities;
    must(dagpole_plan_apply(plan, &values));
    for (int i = 0; i < 2 * INSIDE; i++)
        for (int d = 0; d < 3; d++)
            ck_assert_double_eq_tol(velocities[3 * i + d], i < INSIDE ? g[d] : 0, 1e-8);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("stokes_known", 60, a_sphere_has_the_drag_of_stokes, a_double_layer_jumps)

/* Two spheres of radius 1 at a distance of 3 that move along the line of their centres through a
 * viscous fluid: conjugate gradients for the forces on N points that move them all: spheres [N] */
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

static void add(int64_t n, double factor, const double *a, double *b) {
    for (int64_t i = 0; i < n; i++)
        b[i] += factor * a[i];
}

/* Midpoints of m x m squares on the faces of cubes, projected. A sum over the others misses of the
 * integral of 1/r 3.9 sqrt(area) (capacitance.c), of x x^T/r^3 half that in the tangents' plane. */
static void place(int64_t m, double *points, double *normals, double *self, double *r) {
    for (int64_t i = 0; i < 12 * m * m; i++) {
        double *x = normals + 3 * i, h = 2 / (double)m;
        x[i % 3] = i / 3 % 2 ? 1 : -1;
        x[(i + 1) % 3] = h * ((double)(i / 12 % m) + 0.5) - 1;
        x[(i + 2) % 3] = h * ((double)(i / 12 / m) + 0.5) - 1;
        add(3, 1 / sqrt(dot(3, x, x)) - 1, x, x);
        self[i] = 3.9002649 / (8 * acos(-1) * h * pow(fabs(x[i % 3]), 1.5));
        add(3, 1, x, points + 3 * i);
        points[3 * i] += i / 6 % 2 ? 3 : 0;
        r[3 * i] = 1; /* the velocity (1, 0, 0) */
    }
}

/* The drag of one over that of a sphere by itself, 6 pi (Stimson, Jeffery 1926). */
static double known_drag(double a, double sum) {
    for (int n = 1; n < 60; n++)
        sum += n * (n + 1.) / ((2 * n - 1) * (2 * n + 3)) *
               (1 - (4 * pow(sinh((n + 0.5) * a), 2) - pow((2 * n + 1) * sinh(a), 2)) /
                        (2 * sinh((2 * n + 1) * a) + (2 * n + 1) * sinh(2 * a)));
    return 4. / 3 * sinh(a) * sum;
}

int main(int argc, char **argv) {
    int64_t m = (int64_t)fmax(4, sqrt((argc > 1 ? atof(argv[1]) : 2e4) / 12)), n = 12 * m * m;
    double *points = calloc((size_t)n, 19 * sizeof *points), *normals = points + 3 * n, drag = 0;
    double *f = normals + 3 * n, *r = f + 3 * n, *p = r + 3 * n, *v = p + 3 * n, *self = v + 3 * n;
    double rest = (double)n; /* r . r */
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    options.kernel = DAGPOLE_STOKES;
    place(m, points, normals, self, r);
    int steps = 0, failed = dagpole_context_create(NULL, &context) ||
                            dagpole_plan_create(context, &options, n, points, 0, NULL, &plan);
    for (; !failed && rest > 1e-10 * (double)n; steps++) {
        add(3 * n, 1, r, p);
        failed = dagpole_plan_evaluate(plan, p, v, NULL) != DAGPOLE_OK;
        for (int64_t i = 0; i < 3 * n; i += 3) {
            add(3, 1.5 * self[i / 3], p + i, v + i);
            add(3, -0.5 * self[i / 3] * dot(3, normals + i, p + i), normals + i, v + i);
        }
        double alpha = rest / dot(3 * n, p, v);
        add(3 * n, alpha, p, f);
        add(3 * n, -alpha, v, r);
        add(3 * n, dot(3 * n, r, r) / rest - 1, p, p);
        rest = dot(3 * n, r, r);
    }
    for (int64_t i = 0; i < 3 * n; i += 3)
        drag += f[i] / (12 * acos(-1));
    printf("%lld points, %d steps: %.6f of a single sphere's drag (known: %.6f)%s\n", (long long)n,
           steps, drag, known_drag(acosh(1.5), 0), failed ? dagpole_last_error() : "");
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    return failed || fabs(drag / known_drag(acosh(1.5), 0) - 1) > 1e-3;
}

/* Capacitance of the unit sphere and of a cube of side 2: the sum of the charges q on N points of
 * the surface that give it the potential b = 1, found by GMRES: capacitance [N] */
#include <dagpole.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_STEPS = 60 };

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

/* Midpoints of m x m squares on each face of the cube, for the sphere projected onto it. The sum of
 * area / r over a square lattice without r = 0 misses 3.9002649 (-4 zeta(1/2) beta(1/2)) sqrt(area)
 * of the integral: self[i] q_i. Errors measured: 0.003 / sqrt(n), cube 0.6 n^(-2/3) (its edges). */
static void place(int is_sphere, int64_t m, double *points, double *self, double *b) {
    for (int64_t i = 0; points && i < 6 * m * m; i++) {
        double *x = points + 3 * i, h = 2 / (double)m;
        x[i % 3] = i / 3 % 2 ? 1 : -1;
        x[(i + 1) % 3] = h * ((double)(i / 6 % m) + 0.5) - 1;
        x[(i + 2) % 3] = h * ((double)(i / 6 / m) + 0.5) - 1;
        add(3, is_sphere ? 1 / sqrt(dot(3, x, x)) - 1 : 0, x, x);
        self[i] = 3.9002649 / (4 * acos(-1) * h * pow(fabs(x[i % 3]), 1.5)); /* area: h^2 |x|^3 */
        b[i] = 1;
    }
}

/* GMRES, in its form GCR, for A q = b to a residual of 1e-6. Behind q, all 0 at first, lies r =
 * A q - b, then p and A p of each step, the A p orthogonal. Returns the steps, -1 on error. */
static int solve(dagpole_plan *plan, int64_t n, const double *self, const double *b, double *q) {
    double *r = q + n, *p = q + 2 * n;
    int step = 0;
    add(n, -1, b, r);
    for (; step < MOST_STEPS && dot(n, r, r) > 1e-12 * dot(n, b, b); step++, p += 2 * n) {
        add(n, 1, r, p);
        if (dagpole_plan_evaluate(plan, p, p + n, NULL))
            return -1;
        for (int64_t i = 0; i < n; i++)
            p[n + i] += self[i] * p[i];
        for (double *old = q + 2 * n; old < p; old += 2 * n)
            add(2 * n, -dot(n, old + n, p + n) / dot(n, old + n, old + n), old, p);
        add(2 * n, -dot(n, r, p + n) / dot(n, p + n, p + n), p, q);
    }
    return step;
}

int main(int argc, char **argv) {
    int64_t m = (int64_t)fmax(7, sqrt((argc > 1 ? atof(argv[1]) : 1e5) / 6)), n = 6 * m * m;
    dagpole_context *context = NULL;
    dagpole_plan *plan = NULL;
    int failed = dagpole_context_create(NULL, &context), n_steps, n_wrong = 0;
    for (int is_sphere = 1; is_sphere >= 0; is_sphere--) {
        double *points = calloc((size_t)n, (7 + 2 * MOST_STEPS) * sizeof *points);
        double *self = points + 3 * n, *b = self + n, *q = b + n;
        place(is_sphere, m, points, self, b);
        if (failed || dagpole_plan_create(context, NULL, n, points, 0, NULL, &plan) ||
            (n_steps = solve(plan, n, self, b, q)) < 0) {
            fprintf(stderr, "%s\n", dagpole_last_error());
            return 1;
        }
        double C = dot(n, q, b), error = C / (4 * acos(-1) * (is_sphere ? 1 : 2 * 0.6606782)) - 1;
        printf("%s of %lld points: %d iterations, capacitance %.7g, relative error %.1e\n",
               is_sphere ? "sphere" : "cube", (long long)n, n_steps, C, error);
        n_wrong += fabs(error) > (is_sphere ? 0.004 / sqrt((double)n) : 0.7 / cbrt((double)n * n));
        dagpole_plan_destroy(plan);
        free(points);
    }
    dagpole_context_destroy(context);
    return n_wrong > 0;
}

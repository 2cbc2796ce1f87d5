/* Random clouds that are the same to the last bit on every machine: integer arithmetic, and of
 * floating point only what IEEE 754 rounds correctly (+ - * / sqrt; no sine, no logarithm). */
#include <math.h>
#include <string.h>

#include "cloud/cloud.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* gcc keeps products apart from sums under -std=c11 */
#endif

/* SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. */
typedef struct generator {
    uint64_t state;
} generator;

static uint64_t next(generator *g) {
    uint64_t z = g->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Points and charges have a stream each, so that both kinds of charges go with the same points and
 * a longer cloud begins with the shorter one. */
static generator make_stream(uint64_t seed, uint64_t stream) {
    generator g = {seed};
    uint64_t key = next(&g);
    return (generator){key ^ stream * 0xd1b54a32d192ed03u};
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static double uniform(generator *g) {
    return (double)(next(g) >> 11) * 0x1p-53;
}

static void draw_cube(generator *g, double x[3]) {
    for (int d = 0; d < 3; d++)
        x[d] = uniform(g);
}

/* Marsaglia, "Choosing a point from the surface of a sphere", Ann. Math. Statist. 43 (1972). */
static void draw_sphere(generator *g, double x[3]) {
    double a, b, square;
    do {
        a = 2 * uniform(g) - 1;
        b = 2 * uniform(g) - 1;
        square = a * a + b * b;
    } while (square >= 1);
    double scale = 2 * sqrt(1 - square);
    x[0] = a * scale;
    x[1] = b * scale;
    x[2] = 1 - 2 * square;
}

/* Plummer's sphere holds the share v^3, v = r / sqrt(1 + r^2), of its mass within r. The largest of
 * three uniform numbers has this distribution, so v needs no cube root (and no order of the calls).
 */
static void draw_plummer(generator *g, double x[3]) {
    double r;
    do {
        double v = fmax(uniform(g), fmax(uniform(g), uniform(g)));
        r = v / sqrt((1 - v) * (1 + v));
    } while (r > 100);
    draw_sphere(g, x);
    for (int d = 0; d < 3; d++)
        x[d] *= r;
}

/* The unit sphere's points, stretched: denser at the tips than uniform on the surface. */
static void draw_ellipsoid(generator *g, double x[3]) {
    draw_sphere(g, x);
    x[2] *= 4;
}

static const struct {
    const char *name;
    void (*draw)(generator *g, double x[3]);
} distributions[] = {
    {"cube", draw_cube},
    {"sphere", draw_sphere},
    {"plummer", draw_plummer},
    {"ellipsoid", draw_ellipsoid},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof distributions[0] };

static dagpole_status check(const char *distribution, int64_t n, const char *charges, int *which,
                            int *is_mixed) {
    *which = 0;
    *is_mixed = charges && strcmp(charges, "mixed") == 0;
    while (distribution && *which < N_DISTRIBUTIONS &&
           strcmp(distribution, distributions[*which].name) != 0)
        ++*which;
    if (!distribution || *which == N_DISTRIBUTIONS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "distribution is '%.100s': cube, sphere, plummer or ellipsoid",
                       distribution ? distribution : "NULL");
    if (!*is_mixed && (!charges || strcmp(charges, "unit") != 0))
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "charges is '%.100s': unit or mixed",
                       charges ? charges : "NULL");
    if (n < 0 || n > DP_CLOUD_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n is %lld: 0 to 2^40", (long long)n);
    return DAGPOLE_OK;
}

dagpole_status dagpole_cloud_generate(const char *distribution, int64_t n, uint64_t seed,
                                      const char *charges, dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    if (!cloud)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "cloud is NULL");
    *cloud = (dagpole_cloud){0};
    int which, is_mixed;
    DP_TRY(check(distribution, n, charges, &which, &is_mixed));
    cloud->sources = dp_alloc((size_t)n, 3 * sizeof(double));
    cloud->charges = dp_alloc((size_t)n, sizeof(double));
    if (!cloud->sources || !cloud->charges) {
        dagpole_cloud_free(cloud);
        return DAGPOLE_NO_MEMORY;
    }
    cloud->n_sources = cloud->n_targets = n;
    generator points = make_stream(seed, 0), values = make_stream(seed, 1);
    for (int64_t i = 0; i < n; i++) {
        distributions[which].draw(&points, cloud->sources + 3 * i);
        cloud->charges[i] = is_mixed ? 2 * uniform(&values) - 1 : 1;
    }
    return DAGPOLE_OK;
}

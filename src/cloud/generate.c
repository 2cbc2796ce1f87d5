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

/* Points, charges and normals have a stream each, so that all kinds of charges go with the same
 * points and a longer cloud begins with the shorter one (but a lattice does not). */
static generator make_stream(uint64_t seed, uint64_t stream) {
    generator g = {seed};
    uint64_t key = next(&g);
    return (generator){key ^ stream * 0xd1b54a32d192ed03u};
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static double uniform(generator *g) {
    return (double)(next(g) >> 11) * 0x1p-53;
}

/* A point to be drawn. */
typedef struct place {
    int64_t i;    /* its index */
    int64_t edge; /* points along an edge of the smallest lattice that holds all */
} place;

static void draw_cube(generator *g, const place *at, double x[3]) {
    (void)at;
    for (int d = 0; d < 3; d++)
        x[d] = uniform(g);
}

/* Marsaglia, "Choosing a point from the surface of a sphere", Ann. Math. Statist. 43 (1972). */
static void draw_sphere(generator *g, const place *at, double x[3]) {
    double a, b, square;
    (void)at;
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
static void draw_plummer(generator *g, const place *at, double x[3]) {
    double r;
    do {
        double v = fmax(uniform(g), fmax(uniform(g), uniform(g)));
        r = v / sqrt((1 - v) * (1 + v));
    } while (r > 100);
    draw_sphere(g, at, x);
    for (int d = 0; d < 3; d++)
        x[d] *= r;
}

/* The unit sphere's points, stretched: denser at the tips than uniform on the surface. */
static void draw_ellipsoid(generator *g, const place *at, double x[3]) {
    draw_sphere(g, at, x);
    x[2] *= 4;
}

/* The distance from the centre is spread over GRADES octaves, each with the same share of the
 * points; within one the points at distance r thin out as 1/r^2. */
enum { GRADES = 20 };

static void draw_graded(generator *g, const place *at, double x[3]) {
    double octave = floor(GRADES * uniform(g)), r = 1 / (1 + uniform(g));
    draw_sphere(g, at, x);
    for (int d = 0; d < 3; d++)
        x[d] *= ldexp(r, -(int)octave);
}

/* Kuzmin's disk (Toomre 1963) holds the share 1 - 1 / sqrt(1 + r^2) of its mass within r. Its
 * height has a triangular density. */
static void draw_disk(generator *g, const place *at, double x[3]) {
    double r, a, b, square;
    (void)at;
    do {
        double inverse = 1 / (1 - uniform(g));
        r = sqrt((inverse - 1) * (inverse + 1));
    } while (r > 20);
    do {
        a = 2 * uniform(g) - 1;
        b = 2 * uniform(g) - 1;
        square = a * a + b * b;
    } while (square >= 1 || square == 0);
    x[0] = r * a / sqrt(square);
    x[1] = r * b / sqrt(square);
    x[2] = 0.05 * (uniform(g) - uniform(g));
}

/* Odd points lie in the cube [0, 1]^3, even ones in a cube of side 1e-6 beside it. */
static void draw_two_scale(generator *g, const place *at, double x[3]) {
    draw_cube(g, at, x);
    if (at->i % 2)
        return;
    for (int d = 0; d < 3; d++)
        x[d] = 1.25 + 1e-6 * x[d];
}

/* Integer coordinates, in the order in which a snake passes through: neighbours on its way are
 * neighbours in the lattice, so that alternating charges make rock salt. */
static void draw_lattice(generator *g, const place *at, double x[3]) {
    int64_t row = at->i / at->edge, layer = row / at->edge;
    int64_t along = at->i % at->edge, across = row % at->edge;
    (void)g;
    x[0] = (double)(row % 2 ? at->edge - 1 - along : along);
    x[1] = (double)(layer % 2 ? at->edge - 1 - across : across);
    x[2] = (double)layer;
}

/* half_axis: where the points lie on a closed surface, its half axis along z, the others being 1;
 * else 0. */
static const struct {
    const char *name;
    void (*draw)(generator *g, const place *at, double x[3]);
    double half_axis;
} distributions[] = {
    {"cube", draw_cube, 0},           {"sphere", draw_sphere, 1},   {"plummer", draw_plummer, 0},
    {"ellipsoid", draw_ellipsoid, 4}, {"graded", draw_graded, 0},   {"disk", draw_disk, 0},
    {"two-scale", draw_two_scale, 0}, {"lattice", draw_lattice, 0},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof distributions[0] };

static int64_t lattice_edge(int64_t n) {
    int64_t edge = 1;
    while (edge * edge * edge < n)
        edge++;
    return edge;
}

static double draw_unit(generator *g, int64_t i) {
    (void)g, (void)i;
    return 1;
}

static double draw_mixed(generator *g, int64_t i) {
    (void)i;
    return 2 * uniform(g) - 1;
}

static double draw_alternating(generator *g, int64_t i) {
    (void)g;
    return i % 2 ? -1 : 1;
}

/* Of length 1: outward where x lies on a closed surface, else a random direction. */
static void draw_normal(generator *g, double half_axis, const double x[3], double normal[3]) {
    if (half_axis == 0) {
        draw_sphere(g, NULL, normal);
        return;
    }
    double z = x[2] / (half_axis * half_axis);
    double length = sqrt(x[0] * x[0] + x[1] * x[1] + z * z);
    normal[0] = x[0] / length;
    normal[1] = x[1] / length;
    normal[2] = z / length;
}

/* width: numbers at a point, which are a charge of the kernel, or a dipole. n_normal: how many of
 * them, the first, are a normal: 0 or 3. */
static const struct {
    const char *name;
    double (*draw)(generator *g, int64_t i);
    int width, n_normal, is_dipole;
    dagpole_kernel kernel;
} kinds[] = {{"unit", draw_unit, 1, 0, 0, DAGPOLE_LAPLACE},
             {"mixed", draw_mixed, 1, 0, 0, DAGPOLE_LAPLACE},
             {"alternating", draw_alternating, 1, 0, 0, DAGPOLE_LAPLACE},
             {"dipoles", draw_mixed, 3, 0, 1, DAGPOLE_LAPLACE},
             {"complex", draw_mixed, 2, 0, 0, DAGPOLE_HELMHOLTZ},
             {"forces", draw_mixed, 3, 0, 0, DAGPOLE_STOKES},
             {"stresslets", draw_mixed, 6, 3, 1, DAGPOLE_STOKES}};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static dagpole_status find(const char *distribution, const char *charges, int *which, int *kind) {
    *which = *kind = 0;
    while (distribution && *which < N_DISTRIBUTIONS &&
           strcmp(distribution, distributions[*which].name) != 0)
        ++*which;
    if (!distribution || *which == N_DISTRIBUTIONS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "distribution is '%.100s': cube, sphere, plummer, ellipsoid, graded, disk, "
                       "two-scale or lattice",
                       distribution ? distribution : "NULL");
    while (charges && *kind < N_KINDS && strcmp(charges, kinds[*kind].name) != 0)
        ++*kind;
    if (!charges || *kind == N_KINDS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "charges is '%.100s': unit, mixed, alternating, dipoles, complex, forces or "
                       "stresslets",
                       charges ? charges : "NULL");
    return DAGPOLE_OK;
}

dagpole_status dagpole_cloud_generate(const char *distribution, int64_t n, uint64_t seed,
                                      const char *charges, dagpole_cloud *cloud) {
    DP_DEFAULT_FLOATING;
    if (!cloud)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "cloud is NULL");
    *cloud = (dagpole_cloud){0};
    int which, kind;
    DP_TRY(find(distribution, charges, &which, &kind));
    if (n < 0 || n > DP_CLOUD_MAX_POINTS)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n is %lld: 0 to 2^40", (long long)n);
    cloud->sources = dp_alloc((size_t)n, 3 * sizeof(double));
    const int width = kinds[kind].width;
    double *carried = dp_alloc((size_t)n, (size_t)width * sizeof(double));
    *(kinds[kind].is_dipole ? &cloud->dipoles : &cloud->charges) = carried;
    if (!cloud->sources || !carried) {
        dagpole_cloud_free(cloud);
        return DAGPOLE_NO_MEMORY;
    }
    cloud->n_sources = cloud->n_targets = n;
    cloud->n_vectors = 1;
    cloud->kernel = kinds[kind].kernel;
    generator points = make_stream(seed, 0), values = make_stream(seed, 1),
              normals = make_stream(seed, 2);
    place at = {.edge = lattice_edge(n)};
    for (; at.i < n; at.i++) {
        double *x = cloud->sources + 3 * at.i, *value = carried + width * at.i;
        distributions[which].draw(&points, &at, x);
        if (kinds[kind].n_normal)
            draw_normal(&normals, distributions[which].half_axis, x, value);
        for (int k = kinds[kind].n_normal; k < width; k++)
            value[k] = kinds[kind].draw(&values, at.i);
    }
    return DAGPOLE_OK;
}

/* The rates of the loops between points and the orbits of a surface, in the first cache. */
#include "roofs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_N = PERF_P2P_MAX_N, N_ORBITS = PERF_SURFACE / 8 };

#define RADIUS 2.95 /* of the surface of P2M and L2P */

typedef struct bench {
    const dp_kernel *kernel;
    dp_isa isa;
    perf_loop loop;
    int n, has_gradient;
    int64_t repeats;
    double point[4][MAX_N]; /* x, y, z, charge */
    double orbit[3][N_ORBITS], density[PERF_SURFACE];
    double at_orbits[PERF_SURFACE], at_points[4][MAX_N];
} bench;

static const dp_frame frame = {{0.5, 0.5, 0.5}, 0.5};
static const double lambda = 1;

static dp_soa points_of(const bench *b) {
    return (dp_soa){b->point[0], b->point[1], b->point[2]};
}

static dp_orbits orbits_of(bench *b) {
    return (dp_orbits){N_ORBITS, b->orbit[0], b->orbit[1], b->orbit[2]};
}

static dp_sums sums_of(double sums[4][MAX_N], int has_gradient) {
    if (!has_gradient)
        return (dp_sums){.potential = sums[0]};
    return (dp_sums){sums[0], sums[1], sums[2], sums[3]};
}

static void run(void *argument) {
    bench *b = argument;
    int precision = (int)b->loop % DP_N_PRECISIONS;
    dp_orbits orbits = orbits_of(b);
    for (int64_t i = 0; i < b->repeats; i++)
        if (perf_is_to_surface(b->loop))
            b->kernel->to_orbits[precision][b->isa](lambda, &orbits, b->at_orbits, N_ORBITS, &frame,
                                                    b->n, points_of(b), b->point[3]);
        else
            b->kernel->from_orbits[precision][b->isa](lambda, &orbits, b->density, N_ORBITS, &frame,
                                                      b->n, points_of(b),
                                                      sums_of(b->at_points, b->has_gradient));
}

static double random_unit(void) {
    return rand() / (double)RAND_MAX;
}

static void fill(bench *b) {
    srand(1);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < MAX_N; i++)
            b->point[k][i] = random_unit();
    for (int k = 0; k < 3; k++)
        for (int o = 0; o < N_ORBITS; o++)
            b->orbit[k][o] = o % 3 == k ? RADIUS : RADIUS * random_unit();
    for (int i = 0; i < PERF_SURFACE; i++)
        b->density[i] = random_unit();
}

/* Every image in the points' coordinates, image g of all orbits together. */
static void place_images(const bench *b, double image[3][PERF_SURFACE]) {
    for (int k = 0; k < 3; k++)
        for (int g = 0; g < 8; g++)
            for (int o = 0; o < N_ORBITS; o++)
                image[k][g * N_ORBITS + o] =
                    frame.centre[k] + (g >> k & 1 ? -1 : 1) * frame.half * b->orbit[k][o];
}

/* By parity from values by image, or the other way: both are sums with the same signs. */
static void reflect(const double *from, double *to) {
    for (int a = 0; a < 8; a++)
        for (int o = 0; o < N_ORBITS; o++) {
            to[a * N_ORBITS + o] = 0;
            for (int g = 0; g < 8; g++)
                to[a * N_ORBITS + o] +=
                    (__builtin_parity((unsigned)(a & g)) ? -1 : 1) * from[g * N_ORBITS + o];
        }
}

static void require_close(const bench *b, int n, const double *is, double scale,
                          const double *expected, double size) {
    static const double tolerances[] = {1e-14, 3 * DP_REDUCED_ERROR, 10 * DP_SINGLE_ERROR,
                                        3 * DP_ROUGH_ERROR};
    for (int i = 0; i < n; i++)
        perf_require(fabs(is[i] * scale - expected[i]) <=
                         tolerances[b->loop % DP_N_PRECISIONS] * size,
                     perf_loop_name(b->loop));
}

static double largest(int n, const double *x) {
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Against the scalar loops over all images. */
static void check(bench *b) {
    static double image[3][PERF_SURFACE], expected[4][MAX_N], at_images[PERF_SURFACE];
    static double by_parity[PERF_SURFACE];
    dp_soa images = {image[0], image[1], image[2]};
    double outside = lambda / frame.half;
    place_images(b, image);
    memset(b->at_orbits, 0, sizeof b->at_orbits);
    memset(b->at_points, 0, sizeof b->at_points);
    b->repeats = 1;
    run(b);
    if (perf_is_to_surface(b->loop)) {
        memset(at_images, 0, sizeof at_images);
        dp_p2p_ref(b->kernel, outside, PERF_SURFACE, images, (dp_sums){.potential = at_images},
                   b->n, points_of(b), b->point[3]);
        reflect(at_images, by_parity);
        require_close(b, PERF_SURFACE, b->at_orbits, 1 / frame.half, by_parity,
                      largest(PERF_SURFACE, by_parity));
        return;
    }
    double density[PERF_SURFACE];
    reflect(b->density, density);
    memset(expected, 0, sizeof expected);
    dp_p2p_ref(b->kernel, outside, b->n, points_of(b), sums_of(expected, 1), PERF_SURFACE, images,
               density);
    for (int k = 0; k < (b->has_gradient ? 4 : 1); k++)
        require_close(b, b->n, b->at_points[k], 1, expected[k],
                      largest(PERF_SURFACE, density) * PERF_SURFACE / 4);
}

perf_figure perf_surface_rate(const dp_kernel *kernel, dp_isa isa, perf_loop loop, int n,
                              int has_gradient) {
    static bench b;
    b.kernel = kernel;
    b.isa = isa;
    b.loop = loop;
    b.n = n;
    b.has_gradient = has_gradient && !perf_is_to_surface(loop);
    fill(&b);
    check(&b);
    return perf_rate_of_calls(run, &b, &b.repeats, (double)n * PERF_SURFACE);
}

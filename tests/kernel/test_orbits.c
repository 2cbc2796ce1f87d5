/* Sums between points and orbits against the scalar loops over every image. */
#include "isa.h"
#include "kernel/shell.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Of the sums of the sizes of all terms. */
static const double allowed[] = {4e-15, 12 * DP_REDUCED_ERROR, 12 * DP_SINGLE_ERROR,
                                 12 * DP_ROUGH_ERROR};

static double size_of(int n, const double *x) {
    double size = 0;
    for (int i = 0; i < n; i++)
        size += fabs(x[i]);
    return size;
}

/* Nothing is nearer than 0.05 half sides: no term is larger than this, times its charge. */
static double largest_term(int is_gradient) {
    return (is_gradient ? 400 : 20) / shell_frame.half / (is_gradient ? shell_frame.half : 1);
}

static void check_to(const dp_kernel *kernel, dp_precision precision, const shell *s,
                     const cloud *c) {
    double potential[8 * LD], direct[8 * MAX_ORBITS] = {0}, bound;
    int n = s->orbits.n;
    for (int i = 0; i < 8 * LD; i++)
        potential[i] = 0;
    kernel->to_orbits[precision][suite_isa](shell_lambda, &s->orbits, potential, LD, &shell_frame,
                                            (int64_t)c->n, cloud_points(c), c->w[3]);
    dp_p2p_ref(kernel, shell_lambda / shell_frame.half, 8 * n, shell_images(s),
               (dp_sums){.potential = direct}, (int64_t)c->n, cloud_points(c),
               (dp_carried){.charge = c->w[3]});
    bound =
        8 * allowed[precision] * largest_term(0) * shell_frame.half * size_of((int)c->n, c->w[3]);
    for (int a = 0; a < 8; a++)
        for (int o = 0; o < n; o++) {
            double expected = 0;
            for (int g = 0; g < 8; g++)
                expected += shell_frame.half * shell_sign(a, g) * direct[8 * o + g];
            if (!(fabs(potential[a * LD + o] - expected) <= 0.1 * bound))
                ck_abort_msg(
                    "%s %s precision %d, %zu points to %d orbits: parity %d of orbit %d is "
                    "%.17g, not %.17g",
                    kernel->name, dp_isa_name(suite_isa), precision, c->n, n, a, o,
                    potential[a * LD + o], expected);
        }
    int n_touched = 0;
    for (int a = 0; a < 8; a++)
        for (int o = n; o < LD; o++)
            n_touched += !(potential[a * LD + o] == 0);
    ck_assert_int_eq(n_touched, 0);
}

static void check_from(const dp_kernel *kernel, dp_precision precision, const shell *s, cloud *c,
                       double charge_scale, int has_gradient) {
    double density[8 * LD], charge[8 * MAX_ORBITS], expected[4][MAX_POINTS];
    int n = s->orbits.n;
    uint64_t seed = 5;
    for (int i = 0; i < 8 * LD; i++)
        density[i] = i % LD < n ? charge_scale * (2 * suite_uniform(&seed) - 1) : 0;
    for (int o = 0; o < n; o++)
        for (int g = 0; g < 8; g++) {
            charge[8 * o + g] = 0;
            for (int a = 0; a < 8; a++)
                charge[8 * o + g] += shell_sign(a, g) * density[a * LD + o];
        }
    cloud_set_sums(c, 0);
    dp_p2p_ref(kernel, shell_lambda / shell_frame.half, (int64_t)c->n, cloud_points(c),
               cloud_sums(c, 1), 8 * n, shell_images(s), (dp_carried){.charge = charge});
    for (int k = 0; k < 4; k++)
        memcpy(expected[k], c->s[k], c->n * sizeof(double));
    cloud_set_sums(c, 0);
    kernel->from_orbits[precision][suite_isa](shell_lambda, &s->orbits, density, LD, &shell_frame,
                                              (int64_t)c->n, cloud_points(c),
                                              cloud_sums(c, has_gradient));
    for (int k = 0; k < (has_gradient ? 4 : 1); k++)
        for (size_t j = 0; j < c->n; j++) {
            double bound = 0.1 * allowed[precision] * largest_term(k > 0) * size_of(8 * n, charge);
            if (!(fabs(c->s[k][j] - expected[k][j]) <= bound))
                ck_abort_msg("%s %s precision %d, %d orbits to %zu points: sum %d at %zu is %.17g, "
                             "not %.17g",
                             kernel->name, dp_isa_name(suite_isa), precision, n, c->n, k, j,
                             c->s[k][j], expected[k][j]);
        }
}

/* Sizes on both sides of a vector, a chunk of guesses and a chunk of points or orbits; charges that
 * single cannot hold. */
START_TEST(every_loop_matches_ref) {
    static const size_t points[] = {0, 1, 7, 16, 33, 61, 257, MAX_POINTS};
    static const int orbits[] = {1, 6, 8, 25, 33, MAX_ORBITS};
    static const double scales[] = {1, 1e-200, 1e200, 0};
    static shell s;
    for (int call = 0; call < COUNT(points) * COUNT(orbits); call++) {
        double scale = scales[call % COUNT(scales)];
        cloud c = shell_points(points[call / COUNT(orbits)], scale);
        shell_fill(orbits[call % COUNT(orbits)], &s);
        for (int k = 0; k < DP_N_REAL_KERNELS * DP_N_PRECISIONS; k++) {
            const dp_kernel *kernel = dp_kernel_number(k % DP_N_REAL_KERNELS);
            dp_precision precision = (dp_precision)(k / DP_N_REAL_KERNELS);
            check_to(kernel, precision, &s, &c);
            check_from(kernel, precision, &s, &c, scale, 0);
            check_from(kernel, precision, &s, &c, scale, 1);
        }
        cloud_free(&c);
    }
}
END_TEST

/* One charge and one orbit: to the last bits, and what is there is added to. */
START_TEST(single_pairs_are_accurate) {
    static shell s;
    cloud c = shell_points(1, 1);
    c.w[3][0] = 1;
    shell_fill(2, &s);
    for (int k = 0; k < DP_N_REAL_KERNELS; k++) {
        const dp_kernel *kernel = dp_kernel_number(k);
        double potential[8 * LD];
        for (int i = 0; i < 8 * LD; i++)
            potential[i] = 100;
        kernel->to_orbits[DP_DOUBLE][suite_isa](shell_lambda, &s.orbits, potential, LD,
                                                &shell_frame, 1, cloud_points(&c), c.w[3]);
        for (int i = 0; i < 16; i++) {
            int o = i % 2, g = i / 2, image = 8 * o + g;
            double at_image = 0;
            for (int a = 0; a < 8; a++)
                at_image += shell_sign(a, g) * potential[a * LD + o] / 8;
            double dx = c.w[0][0] - s.image[0][image], dy = c.w[1][0] - s.image[1][image];
            double dz = c.w[2][0] - s.image[2][image], r = sqrt(dx * dx + dy * dy + dz * dz);
            double expected = shell_frame.half * kernel->value(shell_lambda / shell_frame.half, r);
            /* The 100s of all parities are at the first image. */
            ck_assert_double_eq_tol(at_image, expected + (g ? 0 : 100), 2e-13);
        }
    }
    cloud_free(&c);
}
END_TEST

ISA_SUITE_MAIN("orbits", 60, every_loop_matches_ref, single_pairs_are_accurate)

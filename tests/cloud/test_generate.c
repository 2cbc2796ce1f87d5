#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "platform/scratch.h"
#include "suite.h"

static dagpole_cloud generate(const char *distribution, int64_t n, uint64_t seed,
                              const char *charges) {
    dagpole_cloud cloud;
    ck_assert_msg(dagpole_cloud_generate(distribution, n, seed, charges, &cloud) == DAGPOLE_OK,
                  "%s", dagpole_last_error());
    ck_assert_int_eq(cloud.n_sources, n);
    ck_assert_int_eq(cloud.n_targets, n);
    ck_assert_ptr_null(cloud.targets);
    return cloud;
}

/* SplitMix64's first output for the seed 0, from its authors' paper and code. */
START_TEST(the_generator_is_splitmix64) {
    uint64_t key = 0xe220a8397b1dcdafu, z = key + 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    dagpole_cloud cloud = generate("cube", 1, 0, "unit");
    ck_assert(cloud.sources[0] == (double)((z ^ z >> 31) >> 11) * 0x1p-53);
    dagpole_cloud_free(&cloud);
}
END_TEST

START_TEST(a_seed_is_a_cloud) {
    static const char *const names[] = {"cube",   "sphere", "plummer",  "ellipsoid",
                                        "graded", "disk",   "two-scale"};
    for (int i = 0; i < 7; i++) {
        dagpole_cloud a = generate(names[i], 1000, 7, "mixed");
        dagpole_cloud b = generate(names[i], 1500, 7, "mixed");
        dagpole_cloud c = generate(names[i], 1000, 7, "unit");
        dagpole_cloud d = generate(names[i], 1000, 8, "mixed");
        ck_assert_mem_eq(a.sources, b.sources, 3000 * sizeof(double));
        ck_assert_mem_eq(a.charges, b.charges, 1000 * sizeof(double));
        ck_assert_mem_eq(a.sources, c.sources, 3000 * sizeof(double));
        for (int j = 0; j < 1000; j++) {
            ck_assert(a.sources[3 * j] != d.sources[3 * j]);
            ck_assert(a.charges[j] != d.charges[j]);
            ck_assert(c.charges[j] == 1);
            ck_assert(fabs(a.charges[j]) <= 1);
        }
        dagpole_cloud_free(&a);
        dagpole_cloud_free(&b);
        dagpole_cloud_free(&c);
        dagpole_cloud_free(&d);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* One number after the other of the same stream. */
START_TEST(charges_of_several_numbers) {
    dagpole_cloud a = generate("sphere", 300, 7, "complex"),
                  b = generate("sphere", 600, 7, "mixed"), c = generate("sphere", 200, 7, "forces");
    ck_assert(c.kernel == DAGPOLE_STOKES && !c.dipoles);
    ck_assert_mem_eq(c.charges, b.charges, 600 * sizeof(double));
    dagpole_cloud_free(&c);
    ck_assert(a.kernel == DAGPOLE_HELMHOLTZ && b.kernel == DAGPOLE_LAPLACE && !a.dipoles);
    ck_assert_mem_eq(a.charges, b.charges, 600 * sizeof(double));
    dagpole_cloud_free(&a);
    dagpole_cloud_free(&b);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

/* Densities are the numbers that forces are. Normals are outward, on a cube random. */
START_TEST(stresslets_are_normals_and_densities) {
    static const char *const names[] = {"cube", "sphere", "ellipsoid"};
    for (int k = 0; k < 3; k++) {
        dagpole_cloud a = generate(names[k], 1000, 7, "stresslets"),
                      b = generate(names[k], 1000, 7, "forces");
        double mean[3] = {0};
        ck_assert(a.kernel == DAGPOLE_STOKES && !a.charges);
        ck_assert_mem_eq(a.sources, b.sources, 3000 * sizeof(double));
        for (int i = 0; i < 1000; i++) {
            const double *x = a.sources + 3 * i, *n = a.dipoles + 6 * i;
            /* half the gradient of the surface's equation, x^2 + y^2 + z^2 / c^2 = 1 */
            const double slope[] = {x[0], x[1], k == 2 ? x[2] / 16 : x[2]};
            double length = sqrt(slope[0] * slope[0] + slope[1] * slope[1] + slope[2] * slope[2]);
            ck_assert_double_eq_tol(n[0] * n[0] + n[1] * n[1] + n[2] * n[2], 1, 1e-15);
            ck_assert_mem_eq(n + 3, b.charges + 3 * i, 3 * sizeof(double));
            for (int d = 0; d < 3; d++) {
                mean[d] += n[d] / 1000;
                ck_assert(k == 0 || fabs(n[d] - slope[d] / length) < 1e-15);
            }
        }
        for (int d = 0; d < 3; d++)
            ck_assert_double_le(fabs(mean[d]), 5 * 0.577 / sqrt(1000));
        dagpole_cloud_free(&a);
        dagpole_cloud_free(&b);
    }
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(dipoles_come_instead_of_charges) {
    dagpole_cloud a = generate("sphere", 1000, 7, "dipoles"),
                  b = generate("sphere", 1000, 7, "mixed");
    ck_assert_ptr_null(a.charges);
    ck_assert_mem_eq(a.sources, b.sources, 3000 * sizeof(double));
    ck_assert_mem_eq(a.dipoles, b.charges, 1000 * sizeof(double)); /* the same stream */
    for (int i = 0; i < 3000; i++)
        ck_assert(fabs(a.dipoles[i]) <= 1);
    dagpole_cloud_free(&a);
    dagpole_cloud_free(&b);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

enum { N = 100000 };

/* The mean of N values with this standard deviation is within 5 standard errors of `mean`. */
static void assert_mean(double sum, double mean, double deviation) {
    ck_assert_double_eq_tol(sum / N, mean, 5 * deviation / sqrt(N));
}

START_TEST(cube_is_uniform) {
    dagpole_cloud cloud = generate("cube", N, 1, "mixed");
    double sum[3] = {0}, square[3] = {0}, product = 0, charge = 0, charge_square = 0;
    for (int i = 0; i < N; i++) {
        const double *x = cloud.sources + 3 * i;
        for (int d = 0; d < 3; d++) {
            ck_assert(x[d] >= 0 && x[d] < 1);
            sum[d] += x[d];
            square[d] += x[d] * x[d];
        }
        product += (x[0] - 0.5) * (x[1] - 0.5);
        charge += cloud.charges[i];
        charge_square += cloud.charges[i] * cloud.charges[i];
    }
    for (int d = 0; d < 3; d++) {
        assert_mean(sum[d], 0.5, 0.289);
        assert_mean(square[d], 1. / 3, 0.298);
    }
    assert_mean(product, 0, 1. / 12);
    assert_mean(charge, 0, 0.577);
    assert_mean(charge_square, 1. / 3, 0.298);
    dagpole_cloud_free(&cloud);
}
END_TEST

/* Archimedes: each coordinate of a uniform point on the sphere is uniform in [-1, 1]. */
START_TEST(sphere_is_uniform_on_its_surface) {
    dagpole_cloud cloud = generate("sphere", N, 1, "unit");
    int counts[3][10] = {{0}};
    double product = 0;
    for (int i = 0; i < N; i++) {
        const double *x = cloud.sources + 3 * i;
        ck_assert_double_eq_tol(x[0] * x[0] + x[1] * x[1] + x[2] * x[2], 1, 1e-15);
        for (int d = 0; d < 3; d++)
            counts[d][(int)fmin(9, 5 * (x[d] + 1))]++;
        product += x[0] * x[1];
    }
    for (int d = 0; d < 3; d++)
        for (int k = 0; k < 10; k++)
            assert_mean(counts[d][k], 0.1, 0.3);
    assert_mean(product, 0, 0.26);
    dagpole_cloud_free(&cloud);
}
END_TEST

START_TEST(ellipsoid_is_on_its_surface) {
    dagpole_cloud cloud = generate("ellipsoid", N, 1, "unit");
    double z_max = 0;
    for (int i = 0; i < N; i++) {
        const double *x = cloud.sources + 3 * i;
        double z = x[2] / 4;
        ck_assert_double_eq_tol(x[0] * x[0] + x[1] * x[1] + z * z, 1, 1e-15);
        z_max = fmax(z_max, x[2]);
    }
    ck_assert_double_gt(z_max, 3.99);
    dagpole_cloud_free(&cloud);
}
END_TEST

/* The share of the mass within r is r^3 / (1 + r^2)^(3/2), over that within 100. */
START_TEST(plummer_has_its_profile) {
    static const double radii[] = {0.3, 1, 2, 5, 20};
    dagpole_cloud cloud = generate("plummer", N, 1, "unit");
    double all = pow(100 / sqrt(10001), 3), sum[3] = {0};
    for (int k = 0; k < 5; k++) {
        double share = pow(radii[k] / sqrt(1 + radii[k] * radii[k]), 3) / all;
        int within = 0;
        for (int i = 0; i < N; i++) {
            const double *x = cloud.sources + 3 * i;
            double r = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
            ck_assert_double_le(r, 100 * (1 + 1e-15));
            within += r < radii[k];
        }
        assert_mean(within, share, sqrt(share * (1 - share)));
    }
    for (int i = 0; i < 3 * N; i++)
        sum[i % 3] += cloud.sources[i] > 0;
    for (int d = 0; d < 3; d++)
        assert_mean(sum[d], 0.5, 0.5);
    dagpole_cloud_free(&cloud);
}
END_TEST

static double radius(const double *x) {
    return sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
}

/* Each octave of the radius holds one point in 20. */
START_TEST(graded_is_graded) {
    dagpole_cloud cloud = generate("graded", N, 1, "unit");
    for (int octave = 0; octave < 20; octave += 19) {
        int within = 0;
        for (int i = 0; i < N; i++) {
            double r = radius(cloud.sources + 3 * i);
            ck_assert_double_le(r, 1 + 1e-15);
            ck_assert_double_ge(r, ldexp(1 - 1e-15, -20));
            within += r > ldexp(1, -octave - 1) && r <= ldexp(1, -octave);
        }
        assert_mean(within, 1. / 20, sqrt(19. / 400));
    }
    dagpole_cloud_free(&cloud);
}
END_TEST

/* The share of the mass within r is 1 - 1 / sqrt(1 + r^2), over that within 20. */
START_TEST(disk_has_its_profile) {
    dagpole_cloud cloud = generate("disk", N, 1, "unit");
    double share = (1 - 1 / sqrt(2)) / (1 - 1 / sqrt(401));
    int within = 0;
    for (int i = 0; i < N; i++) {
        const double *x = cloud.sources + 3 * i;
        within += hypot(x[0], x[1]) < 1;
        ck_assert_double_le(hypot(x[0], x[1]), 20 * (1 + 1e-15));
        ck_assert_double_le(fabs(x[2]), 0.05);
    }
    assert_mean(within, share, sqrt(share * (1 - share)));
    dagpole_cloud_free(&cloud);
}
END_TEST

START_TEST(two_scales_are_a_million_apart) {
    dagpole_cloud cloud = generate("two-scale", 1001, 1, "alternating");
    for (int i = 0; i < 1001; i++)
        for (int d = 0; d < 3; d++) {
            double low = i % 2 ? 0 : 1.25, wide = i % 2 ? 1 : 1e-6;
            ck_assert_double_ge(cloud.sources[3 * i + d], low);
            ck_assert_double_le(cloud.sources[3 * i + d], low + wide * (1 + 1e-9));
        }
    dagpole_cloud_free(&cloud);
}
END_TEST

/* Points are integers of the smallest cube, none comes twice, the charges are those of rock salt.
 */
START_TEST(lattice_is_rock_salt) {
    dagpole_cloud cloud = generate("lattice", 60, 1, "alternating");
    int seen[64] = {0};
    for (int i = 0; i < 60; i++) {
        int at[3];
        for (int d = 0; d < 3; d++) {
            at[d] = (int)cloud.sources[3 * i + d];
            ck_assert(at[d] == cloud.sources[3 * i + d] && at[d] >= 0 && at[d] < 4);
        }
        ck_assert_int_eq(seen[16 * at[0] + 4 * at[1] + at[2]]++, 0);
        ck_assert_double_eq(cloud.charges[i], (at[0] + at[1] + at[2]) % 2 ? -1 : 1);
    }
    dagpole_cloud_free(&cloud);
}
END_TEST

START_TEST(bad_arguments) {
    dagpole_cloud cloud, zero = {0};
    ck_assert_int_eq(dagpole_cloud_generate("torus", 1, 0, "unit", &cloud), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("'torus': cube, sphere, plummer, ellipsoid, graded, disk, "
                     "two-scale or lattice");
    ck_assert_mem_eq(&cloud, &zero, sizeof zero);
    ck_assert_int_eq(dagpole_cloud_generate(NULL, 1, 0, "unit", &cloud), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_cloud_generate("cube", 1, 0, "unity", &cloud), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("'unity': unit, mixed, alternating, dipoles, complex, forces or stresslets");
    ck_assert_int_eq(dagpole_cloud_generate("cube", 1, 0, NULL, &cloud), DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_cloud_generate("cube", -1, 0, "unit", &cloud), DAGPOLE_BAD_ARGUMENT);
    assert_error_has("-1");
    ck_assert_int_eq(dagpole_cloud_generate("cube", INT64_MAX, 0, "unit", &cloud),
                     DAGPOLE_BAD_ARGUMENT);
    ck_assert_int_eq(dagpole_cloud_generate("cube", 1, 0, "unit", NULL), DAGPOLE_BAD_ARGUMENT);
}
END_TEST

START_TEST(nothing_is_a_cloud) {
    dagpole_cloud cloud = generate("sphere", 0, 1, "mixed");
    ck_assert_ptr_nonnull(cloud.sources);
    dagpole_cloud_free(&cloud);
    ck_assert_ptr_null(cloud.sources);
    dagpole_cloud_free(&cloud);
    dagpole_cloud_free(NULL);
    ck_assert_int_eq(dp_memory_live(), 0);
}
END_TEST

START_TEST(memory_that_runs_out) {
    dagpole_cloud cloud, zero = {0};
    for (int64_t k = 1; k <= 2; k++) {
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dagpole_cloud_generate("cube", 10, 1, "unit", &cloud), DAGPOLE_NO_MEMORY);
        ck_assert_mem_eq(&cloud, &zero, sizeof zero);
        ck_assert_int_eq(dp_memory_live(), 0);
    }
}
END_TEST

SUITE_MAIN("generate", 20, charges_of_several_numbers, stresslets_are_normals_and_densities,
           the_generator_is_splitmix64, a_seed_is_a_cloud, dipoles_come_instead_of_charges,
           cube_is_uniform, sphere_is_uniform_on_its_surface, ellipsoid_is_on_its_surface,
           plummer_has_its_profile, graded_is_graded, disk_has_its_profile,
           two_scales_are_a_million_apart, lattice_is_rock_salt, bad_arguments, nothing_is_a_cloud,
           memory_that_runs_out)

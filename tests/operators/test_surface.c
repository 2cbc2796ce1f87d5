#include "operators/surface.h"

#include <math.h>
#include <string.h>

#include "suite.h"

enum { LARGEST = 8, N_MOST = 6 * (LARGEST - 1) * (LARGEST - 1) + 2 };

static dp_surface *create(int p) {
    dp_surface *s;
    ck_assert_int_eq(dp_surface_create(p, 0, &s), DAGPOLE_OK);
    return s;
}

/* The grid point at these coordinates, -1 where there is none. */
static int find(const dp_surface *s, const double at[3]) {
    for (int i = 0; i < s->n; i++)
        if (fabs(s->x[i] - at[0]) + fabs(s->y[i] - at[1]) + fabs(s->z[i] - at[2]) < 1e-12)
            return i;
    return -1;
}

/* Where reflection g and then permutation i send a point. */
static int moved(const dp_surface *s, int point, int g, int i) {
    double from[3] = {s->x[point], s->y[point], s->z[point]}, to[3];
    for (int d = 0; d < 3; d++)
        from[d] = (g >> d) & 1 ? -from[d] : from[d];
    for (int d = 0; d < 3; d++)
        to[d] = from[dp_permutation[i][d]];
    return find(s, to);
}

static void fill_random(int n, double *x) {
    uint64_t state = (uint64_t)n;
    for (int i = 0; i < n; i++)
        x[i] = 2 * suite_uniform(&state) - 1;
}

START_TEST(points_cover_the_cube) {
    dp_surface *s = create(_i);
    ck_assert_int_eq(s->p, _i);
    ck_assert_int_eq(s->n, 6 * (_i - 1) * (_i - 1) + 2);
    for (int i = 0; i < s->n; i++) {
        double largest = fmax(fabs(s->x[i]), fmax(fabs(s->y[i]), fabs(s->z[i])));
        double at[3] = {s->x[i], s->y[i], s->z[i]};
        ck_assert_double_eq(largest, 1);
        ck_assert_int_eq(find(s, at), i); /* no point twice */
        for (int d = 0; d < 3; d++) {
            double step = (at[d] + 1) * (_i - 1) / 2;
            ck_assert_double_eq_tol(step, round(step), 1e-12);
        }
        for (int k = 0; k < 48; k++)
            ck_assert_int_ge(moved(s, i, k % 8, k / 8), 0);
    }
    dp_surface_destroy(s);
}
END_TEST

START_TEST(orbits_are_the_reflected_points) {
    dp_surface *s = create(_i);
    int n_upper = 0, seen[N_MOST] = {0};
    for (int i = 0; i < s->n; i++)
        n_upper += s->x[i] > -1e-12 && s->y[i] > -1e-12 && s->z[i] > -1e-12;
    ck_assert_int_eq(s->n_orbits, n_upper);
    for (int i = 0; i < s->n_orbits; i++) {
        const int *image = s->image + 8 * i;
        int size = 0, n_coefficients = 0;
        ck_assert(s->x[image[0]] >= 0 && s->y[image[0]] >= 0 && s->z[image[0]] >= 0);
        for (int g = 0; g < 8; g++) {
            ck_assert_int_eq(image[g], moved(s, image[0], g, 0));
            size += !seen[image[g]];
            seen[image[g]] = 1;
            n_coefficients += s->coefficient[8 * i + g] >= 0;
        }
        ck_assert_int_eq(n_coefficients, size);
        ck_assert_double_eq_tol(s->weight[i], sqrt(size) / 8, 1e-15);
    }
    for (int i = 0; i < s->n; i++)
        ck_assert(seen[i]);
    dp_surface_destroy(s);
}
END_TEST

/* In three dimensions an odd p has points on the planes of symmetry: orbits of 1, 2 and 4. */
START_TEST(odd_grids_have_small_orbits) {
    dp_surface *s = create(5);
    int n_of_size[9] = {0};
    for (int i = 0; i < s->n_orbits; i++)
        n_of_size[(int)lround(64 * s->weight[i] * s->weight[i])]++;
    ck_assert_int_eq(n_of_size[2], 3); /* the middles of faces */
    ck_assert_int_eq(n_of_size[4], 9);
    ck_assert_int_eq(n_of_size[8], 7);
    ck_assert_int_eq(s->n, 2 * 3 + 4 * 9 + 8 * 7);
    dp_surface_destroy(s);
    s = create(4);
    for (int i = 0; i < s->n_orbits; i++)
        ck_assert_double_eq_tol(s->weight[i], sqrt(8) / 8, 1e-15);
    dp_surface_destroy(s);
}
END_TEST

START_TEST(change_of_basis_is_orthogonal) {
    static double t[N_MOST * N_MOST], work[N_MOST];
    dp_surface *s = create(_i);
    int n = s->n;
    memset(t, 0, sizeof t);
    for (int i = 0; i < n; i++)
        t[i + i * n] = 1;
    dp_surface_to_parity(s, n, t, work);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double dot = 0;
            for (int k = 0; k < n; k++)
                dot += t[k + i * n] * t[k + j * n];
            ck_assert(fabs(dot - (i == j)) < 1e-14);
        }
    dp_surface_from_parity(s, n, t, work);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            ck_assert(fabs(t[i + j * n] - (i == j)) < 1e-14);
    dp_surface_destroy(s);
}
END_TEST

/* Parity a's coefficients are those of functions that change sign as a says. */
START_TEST(reflections_change_signs) {
    double f[N_MOST], reflected[N_MOST], work[N_MOST];
    dp_surface *s = create(_i);
    ck_assert_int_eq(s->parity_begin[0], 0);
    ck_assert_int_eq(s->parity_begin[8], s->n);
    for (int g = 0; g < 8; g++) {
        fill_random(s->n, f);
        for (int i = 0; i < s->n; i++)
            reflected[moved(s, i, g, 0)] = f[i];
        dp_surface_to_parity(s, 1, f, work);
        dp_surface_to_parity(s, 1, reflected, work);
        for (int a = 0; a < DP_N_PARITIES; a++)
            for (int c = s->parity_begin[a]; c < s->parity_begin[a + 1]; c++) {
                double sign = __builtin_parity((unsigned)(a & g)) ? -1 : 1;
                ck_assert_double_eq_tol(reflected[c], sign * f[c], 1e-14);
            }
    }
    dp_surface_destroy(s);
}
END_TEST

START_TEST(permutations_of_axes_permute_coefficients) {
    double f[N_MOST], permuted[N_MOST], work[N_MOST];
    dp_surface *s = create(_i);
    for (int i = 0; i < DP_N_PERMUTATIONS; i++) {
        int n_hits[N_MOST] = {0};
        fill_random(s->n, f);
        for (int q = 0; q < s->n; q++)
            permuted[moved(s, q, 0, i)] = f[q];
        dp_surface_to_parity(s, 1, f, work);
        dp_surface_to_parity(s, 1, permuted, work);
        for (int a = 0; a < DP_N_PARITIES; a++)
            for (int c = s->parity_begin[a]; c < s->parity_begin[a + 1]; c++) {
                int to = s->permuted[i][c], b = dp_parity_permuted(i, a);
                ck_assert(to >= s->parity_begin[b] && to < s->parity_begin[b + 1]);
                ck_assert_double_eq_tol(permuted[to], f[c], 1e-14);
                n_hits[to]++;
            }
        for (int c = 0; c < s->n; c++)
            ck_assert_int_eq(n_hits[c], 1);
    }
    dp_surface_destroy(s);
}
END_TEST

START_TEST(placed_points_are_scaled_and_shifted) {
    double x[N_MOST], y[N_MOST], z[N_MOST];
    dp_surface *s = create(4);
    dp_surface_place(s, 0, 0.25, (double[3]){1, 2, -3}, x, y, z);
    for (int i = 0; i < s->n; i++) {
        ck_assert_double_eq(x[i], 1 + 0.25 * s->x[i]);
        ck_assert_double_eq(y[i], 2 + 0.25 * s->y[i]);
        ck_assert_double_eq(z[i], -3 + 0.25 * s->z[i]);
    }
    dp_surface_destroy(s);
}
END_TEST

START_TEST(failing_allocations_leave_nothing) {
    dp_surface *s;
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    dp_surface_destroy(create(3));
    int64_t n = dp_memory_count();
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_surface_create(3, 0, &s);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_ptr_null(s);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    dp_surface_destroy(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("surface");
    TCase *grids = tcase_create("grids of p = 3 to 8"), *others = tcase_create("others");
    tcase_add_loop_test(grids, points_cover_the_cube, 3, LARGEST + 1);
    tcase_add_loop_test(grids, orbits_are_the_reflected_points, 3, LARGEST + 1);
    tcase_add_loop_test(grids, change_of_basis_is_orthogonal, 3, LARGEST + 1);
    tcase_add_loop_test(grids, reflections_change_signs, 3, LARGEST + 1);
    tcase_add_loop_test(grids, permutations_of_axes_permute_coefficients, 3, LARGEST + 1);
    tcase_add_test(others, odd_grids_have_small_orbits);
    tcase_add_test(others, placed_points_are_scaled_and_shifted);
    tcase_add_test(others, failing_allocations_leave_nothing);
    suite_add_tcase(suite, grids);
    suite_add_tcase(suite, others);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

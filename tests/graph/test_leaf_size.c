/* The leaf size that the cost model chooses, and the tree that it has in mind. */
#include "model/leaf_size.h"

#include "tree/forest.h"

static const dp_isa isa = DP_ISA_AVX2;

static dp_leaf_request request_of(const dp_rates *rates, int digits, int64_t n,
                                  const double *points) {
    dp_leaf_request request = {.bounds = dp_bounds_empty(),
                               .shape = dp_shape_of_charges(1),
                               .n_sources = n,
                               .sources = points,
                               .kernel = dp_kernel_get(DAGPOLE_LAPLACE),
                               .accuracy = dp_accuracy_for_digits(digits),
                               .rates = rates,
                               .n_sums = DP_POTENTIAL};
    ck_assert_int_eq(dp_bounds_widen(&dp_team_serial, "points", n, points, &request.bounds),
                     DAGPOLE_OK);
    return request;
}

static dp_leaf_choice choose(const dp_leaf_request *request) {
    dp_leaf_choice choice;
    ck_assert_msg(dp_leaf_size_choose(request, &choice) == DAGPOLE_OK, "%s", dagpole_last_error());
    return choice;
}

/* Dear pairs make small leaves, and so do gradients; dear flops make large ones; a slower machine
 * alone changes nothing. */
START_TEST(leaf_sizes_follow) {
    enum { N = 30000 };
    double *points = cloud_make(CLOUD_CUBE, N, 3);
    dp_rates rates = dp_rates_built_in(isa);
    dp_leaf_request request = request_of(&rates, 6, N, points), of_gradients = request;
    of_gradients.n_sums = DP_GRADIENT;
    int n_crit = choose(&request).n_crit;
    ck_assert_int_lt(choose(&of_gradients).n_crit, n_crit);
    for (int i = 0; i < DP_N_RATES; i++)
        *dp_rate(&rates, i) *= 4;
    ck_assert_int_eq(choose(&request).n_crit, n_crit);
    for (int i = 0; i < DP_N_PRECISIONS; i++)
        rates.near[DP_REAL_LAPLACE][i] *= 8;
    ck_assert_int_lt(choose(&request).n_crit, n_crit);
    rates = dp_rates_built_in(isa);
    rates.flop *= 8;
    ck_assert_int_gt(choose(&request).n_crit, n_crit);
    free(points);
}
END_TEST

/* Seconds of leaves of 60 points where the targets lie so far away from the sources. */
static double price_at(double away) {
    enum { N = 20000 };
    double *points = cloud_make(CLOUD_CUBE, 2 * N, 3), *targets = points + 3 * N;
    for (int i = 0; i < N; i++)
        targets[3 * i] += away;
    const dp_rates built_in = dp_rates_built_in(isa);
    dp_leaf_request request = request_of(&built_in, 6, 2 * N, points);
    request.n_sources = request.n_targets = N;
    request.targets = targets;
    request.n_crit = 60;
    double seconds = choose(&request).seconds;
    free(points);
    return seconds;
}

/* They have no near pairs, and one box's M2L. */
START_TEST(far_targets_are_cheap) {
    double together = price_at(0), apart = price_at(4);
    ck_assert_double_gt(apart, 0);
    ck_assert_double_lt(3 * apart, together);
    ck_assert_double_lt(price_at(100), 1.1 * apart);
}
END_TEST

static double count_near(const forest *f) {
    double n_pairs = 0;
    for (int32_t target = 0; target < f->tree.n_boxes; target++)
        for (int64_t i = f->lists.u.offset[target]; i < f->lists.u.offset[target + 1]; i++) {
            int32_t source = f->lists.u.index[i];
            n_pairs += (double)(f->tree.target_end[target] - f->tree.target_begin[target]) *
                       (double)(f->tree.source_end[source] - f->tree.source_begin[source]);
        }
    return n_pairs;
}

/* What near pairs, and M2L with boxes, may be by the model, in times of what the tree has. */
typedef struct expected {
    cloud cloud;
    double least_near, most_near, least_far, most_far;
} expected;

static void assert_between(double least, double value, double most, const char *what, cloud kind,
                           double widening, int n_crit) {
    ck_assert_msg(value >= least && value <= most,
                  "cloud %d in %g times its cube, leaves of %d: %s %.2f times what the tree has",
                  kind, widening, n_crit, what, value);
}

/* With 1 s for each near pair; then with 1 s for each M2L and for each half of what a box takes
 * besides. */
static void check_prices(const expected *e, double widening, int n_crit) {
    enum { N = 40000 };
    double *points = cloud_make(e->cloud, N, 5);
    dp_rates of_near = {.near[DP_REAL_LAPLACE] = {1, 1, 1, 1}}, of_far = {.column = 1};
    dp_leaf_request near = request_of(&of_near, 6, N, points);
    dp_cube cube = dp_cube_fit(&near.bounds, 1);
    near.n_crit = n_crit;
    near.root_side = widening * ldexp(cube.side, cube.exponent);
    dp_leaf_request far = near;
    far.rates = &of_far;
    dp_leaf_choice choice = choose(&near);
    forest f;
    ck_assert_int_eq(forest_build_in(&dp_team_serial, &choice.cube, N, points, 0, NULL, n_crit, &f),
                     DAGPOLE_OK);
    double n_far = (double)f.lists.v.offset[f.tree.n_boxes] +
                   2 * (double)(f.tree.n_boxes - f.tree.level_begin[2]);
    assert_between(e->least_near, choice.seconds / count_near(&f), e->most_near, "near", e->cloud,
                   widening, n_crit);
    assert_between(e->least_far, choose(&far).seconds / n_far, e->most_far, "far", e->cloud,
                   widening, n_crit);
    forest_free(&f);
    free(points);
}

/* The cloud fills its cube; of wider ones the boxes at its edge are full in part. Leaf sizes are
 * not those of boxes, of which chance would split some. Near pairs of graded clouds are more than
 * those of U, for some of W and X are summed directly. */
START_TEST(prices_are_of_the_tree) {
    static const double widenings[] = {1, 1.18, 1.43, 1.68};
    static const int sizes[] = {180, 900, 2500};
    static const expected clouds[] = {{CLOUD_CUBE, 0.9, 1.45, 0.7, 1.45},
                                      {CLOUD_SPHERE, 0.95, 1.45, 0.85, 2.5},
                                      {CLOUD_PLUMMER, 0.95, 1.9, 0.6, 1.5}};
    for (int c = 0; c < 3; c++)
        for (int w = 0; w < 4; w++)
            for (int s = 0; s < 3; s++)
                check_prices(&clouds[c], widenings[w], sizes[s]);
}
END_TEST

/* M2L matrices of 3 MB come from memory, which takes no longer the more of them there are: all
 * pairs of Helmholtz' kernel took four times as long as what was not chosen for it. */
START_TEST(long_expansions_have_a_far_field) {
    enum { N = 100000, DIGITS = 12 };
    double *points = cloud_make(CLOUD_CUBE, N, 3);
    for (int i = DP_ISA_PORTABLE; i <= DP_ISA_AVX512; i++) {
        const dp_rates rates = dp_rates_built_in((dp_isa)i);
        dp_leaf_request request = request_of(&rates, DIGITS, N, points);
        request.kernel = dp_kernel_get(DAGPOLE_HELMHOLTZ);
        request.shape.n_vectors = request.shape.n_parts = 2;
        request.accuracy = dp_accuracy_for_shape(DIGITS, &request.shape);
        request.wave_number = 31.4;
        dp_leaf_choice choice = choose(&request);
        ck_assert_msg(!choice.is_direct && choice.n_crit < N / 50, "n_crit %d", choice.n_crit);
    }
    free(points);
}
END_TEST

SUITE_MAIN("leaf_size", 60, leaf_sizes_follow, far_targets_are_cheap, prices_are_of_the_tree,
           long_expansions_have_a_far_field)

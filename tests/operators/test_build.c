/* What every build of operators must obey. */
#include "boxes.h"

#include "geometry/clouds.h"

enum { DEPTH = 3 };

static const dp_accuracy accuracy = {
    .p = 4, .tolerance = 1e-2, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};

static dp_operators_request request_of(dagpole_kernel kernel, double lambda, int depth) {
    return (dp_operators_request){.kernel = dp_kernel_get(kernel),
                                  .lambda = lambda,
                                  .side = 4,
                                  .depth = depth,
                                  .accuracy = accuracy,
                                  .isa = dp_isa_best(),
                                  .cache_dir = ""};
}

static dp_operators *create(const dp_team *team, const dp_operators_request *r) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators *operators;
    ck_assert_int_eq(dp_operators_create(team, r, message, &operators), DAGPOLE_OK);
    return operators;
}

START_TEST(every_build_gives_the_same_bits) {
    dp_operators_request r = request_of(DAGPOLE_YUKAWA, 0.7, DEPTH);
    dp_operators *first = create(&dp_team_serial, &r);
    dp_operators *again = create(&dp_team_serial, &r);
    dp_operators *backwards = create(&team_backwards, &r);
    ck_assert(is_same_operators(first, again));
    ck_assert(is_same_operators(first, backwards));
    dp_operators_destroy(first);
    dp_operators_destroy(again);
    dp_operators_destroy(backwards);
}
END_TEST

static int is_finite(const dp_panel *panel) {
    const double *doubles = panel->data;
    const float *floats = panel->data;
    int n_wrong = 0;
    for (size_t i = 0; i < (size_t)panel->m_padded * (size_t)panel->n; i++)
        n_wrong += !isfinite(panel->is_single ? (double)floats[i] : doubles[i]);
    return n_wrong == 0;
}

static void expect_finite(const dp_operator_set *set) {
    for (int a = 0; a < DP_N_PARITIES; a++) {
        ck_assert(is_finite(&set->outer.to_expansion[a]));
        ck_assert(is_finite(&set->outer.from_expansion[a]));
        ck_assert(is_finite(&set->inner.to_expansion[a]));
        ck_assert(is_finite(&set->inner.from_expansion[a]));
    }
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int p = 0; p < set->m2l[f].n; p++)
            ck_assert(is_finite(&set->m2l[f].part[p].a) && is_finite(&set->m2l[f].part[p].b) &&
                      is_finite(&set->m2l[f].part[p].rounded_a) &&
                      is_finite(&set->m2l[f].part[p].rounded_b));
}

/* Through the range where exp(-lambda r) leaves the normal numbers and vanishes. */
START_TEST(far_fields_vanish_without_nan) {
    int n_vanished = 0, n_alive = 0;
    for (double lambda = 1; lambda < 1e5; lambda *= 1.2) {
        dp_operators_request r = request_of(DAGPOLE_YUKAWA, lambda, 4);
        r.accuracy =
            (dp_accuracy){.p = 3, .tolerance = 1e-3, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};
        dp_operators *operators = create(&dp_team_serial, &r);
        ck_assert_ptr_null(operators->level[0]);
        ck_assert_ptr_null(operators->level[1]);
        for (int level = 2; level <= 4; level++) {
            const dp_operator_set *set = operators->level[level];
            n_vanished += !set;
            n_alive += set != NULL;
            if (set) {
                ck_assert_int_gt(set->k, 0);
                expect_finite(set);
                /* The finer, the less is screened. */
                ck_assert(level == 4 || operators->level[level + 1]);
                ck_assert(level == 4 || is_finite(&operators->below[level]->m2m));
            }
        }
        dp_operators_destroy(operators);
    }
    ck_assert_int_gt(n_vanished, 20);
    ck_assert_int_gt(n_alive, 20);
}
END_TEST

START_TEST(shallow_trees_need_no_operators) {
    for (int depth = 0; depth < 2; depth++) {
        dp_operators_request r = request_of(DAGPOLE_LAPLACE, 0, depth);
        dp_operators *operators = create(&dp_team_serial, &r);
        dp_scratch scratch;
        ck_assert_int_eq(operators->n_sets, 0);
        ck_assert_ptr_null(operators->level[0]);
        ck_assert_ptr_null(operators->level[1]);
        ck_assert_int_eq(dp_scratch_create(operators, 0, &scratch), DAGPOLE_OK);
        dp_scratch_free(&scratch);
        dp_operators_destroy(operators);
    }
    dp_operators_destroy(NULL);
}
END_TEST

START_TEST(laplace_needs_one_set_and_yukawa_one_a_level) {
    dp_operators_request r = request_of(DAGPOLE_LAPLACE, 0, 6);
    r.accuracy = (dp_accuracy){.p = 3, .tolerance = 1e-2, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};
    dp_operators *laplace = create(&dp_team_serial, &r);
    ck_assert_int_eq(laplace->n_sets, 1);
    for (int level = 2; level <= 6; level++)
        ck_assert_ptr_eq(laplace->level[level], &laplace->sets[0]);
    int64_t bytes = dp_operators_bytes(laplace);
    ck_assert_int_gt(bytes, 8 * 2 * laplace->sets[0].k * laplace->sets[0].k);
    r.kernel = dp_kernel_get(DAGPOLE_YUKAWA);
    r.lambda = 1;
    dp_operators *yukawa = create(&dp_team_serial, &r);
    ck_assert_int_eq(yukawa->n_sets, 5);
    for (int level = 2; level <= 6; level++) {
        ck_assert_ptr_eq(yukawa->level[level], &yukawa->sets[level - 2]);
        ck_assert_double_eq(yukawa->level[level]->lambda, 0.5 * 4 / (1 << level));
    }
    ck_assert_int_gt(dp_operators_bytes(yukawa), 4 * bytes);
    dp_operators_destroy(laplace);
    dp_operators_destroy(yukawa);
}
END_TEST

/* The copy has arrays of its own with the same bits, and points to nothing of the original. */
static void check_copied(const dp_panel *panel, const dp_panel *copied) {
    ck_assert_int_eq(dp_panel_bytes(panel), dp_panel_bytes(copied));
    if (!panel->data)
        return;
    ck_assert_ptr_ne(panel->data, copied->data);
    ck_assert_int_eq(memcmp(panel->data, copied->data, dp_panel_data_bytes(panel)), 0);
    ck_assert_int_eq(panel->at != NULL, copied->at != NULL);
    for (int i = 0; panel->at && i < panel->m_padded / DP_PAD; i++)
        ck_assert_int_eq(panel->at[i], copied->at[i]);
}

static void check_copied_set(const dp_operator_set *set, const dp_operator_set *copied) {
    ck_assert_int_eq(set->k, copied->k);
    ck_assert_ptr_ne(set->flip, copied->flip);
    ck_assert_int_eq(memcmp(set->flip, copied->flip, 8 * 8 * (size_t)set->k_padded), 0);
    ck_assert_ptr_ne(set->outer.orbits.x, copied->outer.orbits.x);
    for (int o = 0; o < set->inner.orbits.n; o++)
        ck_assert_double_eq(set->inner.orbits.z[o], copied->inner.orbits.z[o]);
    for (int a = 0; a < DP_N_PARITIES; a++) {
        check_copied(&set->outer.from_expansion[a], &copied->outer.from_expansion[a]);
        check_copied(&set->inner.to_expansion[a], &copied->inner.to_expansion[a]);
    }
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int i = 0; i < set->m2l[f].n; i++) {
            check_copied(&set->m2l[f].part[i].a, &copied->m2l[f].part[i].a);
            check_copied(&set->m2l[f].part[i].b, &copied->m2l[f].part[i].b);
            check_copied(&set->m2l[f].part[i].rounded_a, &copied->m2l[f].part[i].rounded_a);
            check_copied(&set->m2l[f].part[i].rounded_b, &copied->m2l[f].part[i].rounded_b);
        }
}

/* One whose expansions are so long that M2L has doubles and floats. */
static const dp_accuracy with_floats = {
    .p = 8, .tolerance = 5e-9, .svd_cutoff = 1e-13, .m2l_cut = 1. / 7};

static void check_copies(dagpole_kernel kernel, double lambda, int depth, const dp_accuracy *of) {
    dp_operators_request r = request_of(kernel, lambda, depth);
    r.accuracy = *of;
    dp_operators *operators = create(&dp_team_serial, &r), *copy;
    int64_t live = dp_memory_live();
    for (int k = 1;; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_operators_copy(operators, 1 << 20, &copy);
        dp_memory_fail_at(0, 0);
        if (status == DAGPOLE_OK)
            break;
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_ptr_null(copy);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    for (int i = 0; i < operators->n_sets; i++) {
        check_copied_set(&operators->sets[i], &copy->sets[i]);
        check_copied(&operators->transfers[i].m2m, &copy->transfers[i].m2m);
        check_copied(&operators->transfers[i].l2l, &copy->transfers[i].l2l);
    }
    for (int level = 0; level <= DP_MAX_DEPTH; level++) {
        ck_assert_int_eq(operators->level[level] != NULL, copy->level[level] != NULL);
        if (!copy->level[level])
            continue;
        ck_assert_ptr_eq(copy->level[level],
                         copy->sets + (operators->level[level] - operators->sets));
        ck_assert_ptr_eq(copy->below[level],
                         copy->transfers + (operators->below[level] - operators->transfers));
    }
    dp_operators_copy_free(copy);
    dp_operators_copy_free(NULL);
    dp_operators_destroy(operators);
}

/* The third has no far field on its upper levels. */
START_TEST(copies_are_complete) {
    const dp_accuracy coarse = {.p = 3, .tolerance = 1e-2, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};
    check_copies(DAGPOLE_LAPLACE, 0, 5, &coarse);
    check_copies(DAGPOLE_LAPLACE, 0, 3, &with_floats);
    check_copies(DAGPOLE_YUKAWA, 1, 4, &coarse);
    check_copies(DAGPOLE_YUKAWA, 1000, 9, &coarse);
}
END_TEST

typedef struct ranks {
    int exact, rounded;
} ranks;

static ranks count_ranks(const dp_operator_set *set) {
    ranks n = {0};
    for (int f = 0; f < DP_N_FOLDED; f++)
        for (int i = 0; i < set->m2l[f].n; i++) {
            const dp_m2l_part *part = &set->m2l[f].part[i];
            ck_assert_int_eq(part->rounded_a.n, part->rounded_b.m);
            ck_assert(!part->rounded_b.m || (part->rounded_b.is_single && !part->b.is_single));
            ck_assert(!part->rounded_b.m || part->b.m % DP_PAD == 0);
            n.exact += part->b.m;
            n.rounded += part->rounded_b.m;
        }
    return n;
}

static ranks ranks_of(dagpole_kernel kernel, double wave_number, const dp_accuracy *of) {
    dp_operators_request r = request_of(kernel, 0, 2);
    r.lambda = dp_lambda_of(0, wave_number);
    r.accuracy = *of;
    dp_operators *operators = create(&dp_team_serial, &r);
    ranks n = count_ranks(operators->level[2]);
    dp_operators_destroy(operators);
    return n;
}

/* None where expansions are short or complex, all where the tolerance is a float's, and those but
 * the first where it is less. */
START_TEST(small_singular_values_are_floats) {
    const dp_accuracy digits[] = {[3] = dp_accuracy_for_digits(3), [6] = dp_accuracy_for_digits(6)};
    ranks short_ones = ranks_of(DAGPOLE_LAPLACE, 0, &digits[3]),
          coarse = ranks_of(DAGPOLE_LAPLACE, 0, &digits[6]),
          fine = ranks_of(DAGPOLE_LAPLACE, 0, &with_floats),
          waves = ranks_of(DAGPOLE_HELMHOLTZ, 1, &digits[6]);
    ck_assert(short_ones.exact > 0 && short_ones.rounded == 0);
    ck_assert(coarse.exact == 0 && coarse.rounded > 0);
    ck_assert(fine.exact > 0 && fine.rounded > fine.exact);
    ck_assert(waves.exact > 0 && waves.rounded == 0);
}
END_TEST

/* Of an allocation in seven. */
START_TEST(failing_allocations_of_floats_leave_nothing) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators *operators;
    dp_operators_request r = request_of(DAGPOLE_LAPLACE, 0, 2);
    r.accuracy = dp_accuracy_for_digits(4);
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    dp_operators_destroy(create(&dp_team_serial, &r));
    int64_t n = dp_memory_count();
    for (int64_t k = 1; k <= n; k += 7) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_operators_create(&dp_team_serial, &r, message, &operators);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
}
END_TEST

START_TEST(failing_allocations_leave_nothing) {
    char message[DP_ERROR_TEXT_BYTES];
    dp_operators *operators;
    dp_operators_request r = request_of(DAGPOLE_YUKAWA, 1, DEPTH);
    r.accuracy = (dp_accuracy){.p = 3, .tolerance = 1e-1, .svd_cutoff = 1e-10, .m2l_cut = 1. / 7};
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0);
    dp_operators_destroy(create(&dp_team_serial, &r));
    int64_t n = dp_memory_count();
    for (int64_t k = 1; k <= n; k++) {
        dp_memory_fail_at(k, 0);
        dagpole_status status = dp_operators_create(&dp_team_serial, &r, message, &operators);
        dp_memory_fail_at(0, 0);
        ck_assert_int_eq(status, DAGPOLE_NO_MEMORY);
        ck_assert_ptr_null(operators);
        ck_assert_msg(dp_memory_live() == live, "allocation %lld: %lld blocks left", (long long)k,
                      (long long)(dp_memory_live() - live));
    }
}
END_TEST

SUITE_MAIN("build", 60, every_build_gives_the_same_bits, far_fields_vanish_without_nan,
           shallow_trees_need_no_operators, laplace_needs_one_set_and_yukawa_one_a_level,
           copies_are_complete, small_singular_values_are_floats, failing_allocations_leave_nothing,
           failing_allocations_of_floats_leave_nothing)

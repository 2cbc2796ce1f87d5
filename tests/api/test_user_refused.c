/* What is refused of kernels of the caller's. */
#include <math.h>

#include "user_kernels.h"

enum { N = USER_N };

START_TEST(what_solves_no_elliptic_equation_is_refused) {
    static const shape shapes[] = {INVERSE_SQUARE, DISTANCE, LOGARITHM, GAUSSIAN};
    for (int i = 0; i < 4; i++)
        expect_refusal(user_of(shapes[i], 3), 6, "digits in potentials, of 6 that are asked for");
    expect_refusal(user_of(DISTANCE, 0), 3, "elliptic");
}
END_TEST

START_TEST(symmetries_are_measured) {
    user_kernel full = user_medium();
    full.xy = 0.2;
    expect_refusal(full, 3, "rotate the coordinates into its axes");
    expect_refusal(user_of(ODD, 0), 3, "G(-r)");
    expect_refusal(user_of(PLACED, 0), 3, "not the same everywhere");
}
END_TEST

START_TEST(degrees_are_measured) {
    user_kernel k = user_medium(), soft = user_of(SOFTENED, 0.1);
    dagpole_user_kernel described = user_describe(&k);
    described.degree = -2;
    expect_refusal_of(&described, 3, 60, DAGPOLE_UNSUPPORTED, "not homogeneous of degree -2");
    described = user_describe(&soft);
    described.is_homogeneous = 1;
    expect_refusal_of(&described, 3, 60, DAGPOLE_UNSUPPORTED, "not homogeneous of degree -1");
}
END_TEST

START_TEST(gradients_are_those_of_values) {
    user_kernel k = user_medium();
    k.wrong_slope = 1;
    expect_refusal(k, 3, "not the gradient of values");
}
END_TEST

/* However fast values decay: they differ by 1e-70 within a cloud. */
START_TEST(gradients_of_screened_values_are_taken) {
    user_kernel k = user_of(SCREENED, 300);
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    described.gradients = user_gradients;
    described.hessians = NULL;
    dagpole_plan_destroy(open_plan(context, user_options(&described, 3, 60), N, points, 0, NULL));
    dagpole_context_destroy(context);
    free(points);
    k.wrong_slope = 1;
    expect_refusal_of(&described, 3, 60, DAGPOLE_UNSUPPORTED, "not the gradient of values");
}
END_TEST

/* Raised p and moved cuts are for plans that leave them open. */
START_TEST(what_experts_set_stays) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, N, 5);
    dagpole_plan_options options = user_options(&described, 3, 60);
    dagpole_plan *plan;
    options.p = 4;
    expect_failure(dagpole_plan_create(context, &options, N, points, 0, NULL, &plan),
                   DAGPOLE_UNSUPPORTED, "with p = 4");
    options.p = 7;
    options.svd_cutoff = 3e-9;
    must(dagpole_plan_create(context, &options, N, points, 0, NULL, &plan));
    dagpole_report report = report_of(plan);
    ck_assert_int_eq(report.p, 7);
    ck_assert_double_eq(report.svd_cutoff, 3e-9);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
}
END_TEST

START_TEST(bad_descriptions_are_named) {
    user_kernel k = user_medium();
    const dagpole_user_kernel good = user_describe(&k);
    dagpole_user_kernel bad = good;
    expect_refusal_of(NULL, 3, 60, DAGPOLE_BAD_ARGUMENT, "user_kernel is NULL");
    bad.values = NULL;
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "user_kernel.values is NULL");
    bad = good;
    bad.is_homogeneous = 2;
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "is_homogeneous is 2");
    bad = good;
    bad.degree = NAN;
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "degree is nan");
    bad = good;
    bad.cost = -1;
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "cost is -1");
    bad = good;
    bad.version = "../escape";
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "version is '../escape'");
    bad.version = "";
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "version is ''");
    bad = good;
    bad.size = 0;
    expect_refusal_of(&bad, 3, 60, DAGPOLE_BAD_ARGUMENT, "dagpole_user_kernel_init");
}
END_TEST

START_TEST(without_their_callback_there_are_no_gradients) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    described.gradients = NULL;
    dagpole_context *context = open_serial();
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 2);
    double *results = make_results(4 * N);
    dagpole_plan_options options = user_options(&described, 3, 60);
    dagpole_plan *plan = open_plan(context, options, N, points, 0, NULL);
    int64_t first = 0;
    expect_failure(dagpole_plan_evaluate(plan, charges, results, results + N), DAGPOLE_UNSUPPORTED,
                   "no callback for gradients");
    expect_failure(dagpole_plan_near_field(plan, charges, 1, &first, results, results + N),
                   DAGPOLE_UNSUPPORTED, "no callback for gradients");
    must(dagpole_plan_evaluate(plan, charges, results, NULL));
    dagpole_plan_destroy(plan);
    options.gradients = 1;
    expect_no_plan(options, DAGPOLE_UNSUPPORTED, "no callback for gradients");
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(results);
}
END_TEST

/* ---- values that are no numbers -------------------------------------------------------------- */

START_TEST(a_nan_names_the_points) {
    user_kernel k = user_medium();
    dagpole_user_kernel described = user_describe(&k);
    dagpole_context *context = open_any();
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 2);
    double *results = make_results(N);
    memcpy(points + 3 * 17, (double[]){0.5, 0.25, 0.125}, 3 * sizeof *points);
    memcpy(points + 3 * 1234, (double[]){0.5, 0.25, 0.125 + 0x1p-20}, 3 * sizeof *points);
    dagpole_plan *plan = open_plan(context, user_options(&described, 3, 60), N, points, 0, NULL);
    k.nan_within = 0x1p-19;
    expect_failure(dagpole_plan_evaluate(plan, charges, results, NULL), DAGPOLE_NUMERIC,
                   "user_kernel gave nan for target sources[");
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "sources[17] at (0.5, 0.25, 0.125)"));
    ck_assert_ptr_nonnull(
        strstr(dagpole_last_error(), "sources[1234] at (0.5, 0.25, 0.125000954)"));
    k.nan_within = 0;
    must(dagpole_plan_evaluate(plan, charges, results, NULL));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(results);
    k.nan_within = 10;
    expect_refusal_of(&described, 3, 60, DAGPOLE_NUMERIC, "gave nan");
}
END_TEST

SUITE_MAIN("user_refused", 100, what_solves_no_elliptic_equation_is_refused,
           symmetries_are_measured, degrees_are_measured, gradients_are_those_of_values,
           gradients_of_screened_values_are_taken, what_experts_set_stays,
           bad_descriptions_are_named, without_their_callback_there_are_no_gradients,
           a_nan_names_the_points)

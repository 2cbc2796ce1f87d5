/* Kernels by name, with their parameters. */
#include "plans.h"

START_TEST(names_are_found) {
    dagpole_kernel kernel;
    int n = 0;
    for (; dagpole_kernel_name(n); n++) {
        dagpole_kernel_info info = {.size = sizeof info};
        must(dagpole_kernel_find(dagpole_kernel_name(n), &kernel));
        must(dagpole_kernel_query(kernel, &info));
        ck_assert_str_eq(info.name, dagpole_kernel_name(n));
        ck_assert(info.charge >= 1 && info.potential == info.charge);
        ck_assert(info.gradient == 3 * info.potential);
        for (int i = 0; i < info.n_parameters; i++)
            ck_assert_ptr_nonnull(dagpole_kernel_parameter(kernel, i));
        ck_assert_ptr_null(dagpole_kernel_parameter(kernel, info.n_parameters));
        ck_assert_ptr_null(dagpole_kernel_parameter(kernel, -1));
    }
    ck_assert_int_ge(n, 4);
    ck_assert_ptr_null(dagpole_kernel_name(-1));
    must(dagpole_kernel_find("yukawa", &kernel));
    ck_assert_int_eq(kernel, DAGPOLE_YUKAWA);
    ck_assert_str_eq(dagpole_kernel_parameter(kernel, 0), "lambda");
}
END_TEST

START_TEST(sizes_are_those_of_values) {
    dagpole_kernel_info info = {.size = sizeof info};
    must(dagpole_kernel_query(DAGPOLE_LAPLACE, &info));
    ck_assert(info.charge == 1 && info.dipole == 3 && info.hessian == 6);
    must(dagpole_kernel_query(DAGPOLE_YUKAWA, &info));
    ck_assert(info.charge == 1 && info.dipole == 3 && info.hessian == 0);
    must(dagpole_kernel_query(DAGPOLE_HELMHOLTZ, &info));
    ck_assert(info.charge == 2 && info.dipole == 6 && info.gradient == 6 && info.hessian == 0);
    ck_assert_int_eq(info.n_parameters, 2);
}
END_TEST

/* Set by name, each parameter is the member of its name: and what is wrong is named. */
START_TEST(parameters_are_set) {
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    dagpole_context *context = open_serial();
    dagpole_plan *plan;
    const double points[6] = {0, 0, 0, 1, 0, 0};
    expect_failure(dagpole_plan_options_set(&options, "lambda", 2), DAGPOLE_BAD_ARGUMENT,
                   "'lambda': the kernel laplace has none");
    must(dagpole_kernel_find("helmholtz", &options.kernel));
    must(dagpole_plan_options_set(&options, "wave_number", 2));
    must(dagpole_plan_options_set(&options, "damping", 0.5));
    ck_assert(options.wave_number == 2 && options.damping == 0.5);
    expect_failure(dagpole_plan_options_set(&options, "lambda", 2), DAGPOLE_BAD_ARGUMENT,
                   "has wave_number, damping");
    must(dagpole_plan_options_set(&options, "damping", -1));
    expect_failure(dagpole_plan_create(context, &options, 2, points, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "damping is -1: the kernel helmholtz");
    options.kernel = DAGPOLE_YUKAWA;
    must(dagpole_plan_options_set(&options, "lambda", 0));
    expect_failure(dagpole_plan_create(context, &options, 2, points, 0, NULL, &plan),
                   DAGPOLE_BAD_ARGUMENT, "lambda is 0: the kernel yukawa");
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(bad_input) {
    dagpole_kernel kernel;
    dagpole_kernel_info info = {.size = sizeof info};
    dagpole_plan_options options;
    expect_failure(dagpole_kernel_find("coulomb", &kernel), DAGPOLE_BAD_ARGUMENT,
                   "'coulomb': it must be one of laplace (0), yukawa (1)");
    expect_failure(dagpole_kernel_find(NULL, &kernel), DAGPOLE_BAD_ARGUMENT, "NULL");
    expect_failure(dagpole_kernel_find("laplace", NULL), DAGPOLE_BAD_ARGUMENT, "kernel is NULL");
    expect_failure(dagpole_kernel_query((dagpole_kernel)77, &info), DAGPOLE_BAD_ARGUMENT,
                   "kernel is 77");
    expect_failure(dagpole_kernel_query(DAGPOLE_LAPLACE, NULL), DAGPOLE_BAD_ARGUMENT, "size");
    info.size = 0;
    expect_failure(dagpole_kernel_query(DAGPOLE_LAPLACE, &info), DAGPOLE_BAD_ARGUMENT, "size");
    expect_failure(dagpole_plan_options_set(NULL, "lambda", 1), DAGPOLE_BAD_ARGUMENT, "options");
    dagpole_plan_options_init(&options);
    options.kernel = DAGPOLE_HELMHOLTZ;
    expect_failure(dagpole_plan_options_set(&options, NULL, 1), DAGPOLE_BAD_ARGUMENT, "NULL");
    options.size = offsetof(dagpole_plan_options, wave_number); /* of an older header */
    expect_failure(dagpole_plan_options_set(&options, "wave_number", 1), DAGPOLE_BAD_ARGUMENT,
                   "end before wave_number");
}
END_TEST

SUITE_MAIN("kernels", 20, names_are_found, sizes_are_those_of_values, parameters_are_set, bad_input)

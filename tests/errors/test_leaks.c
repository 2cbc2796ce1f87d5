/* What is used a thousand times keeps no memory. */
#include <unistd.h>

#include "base/memory.h"
#include "errors.h"

enum { N = 500, N_WARM = 100, N_RUNS = 1000 };

static double points[3 * N], charges[N], potentials[N], gradients[3 * N];

/* 0 under the address sanitizer, which keeps freed memory for a while. */
static int64_t resident_bytes(void) {
#ifdef __SANITIZE_ADDRESS__
    return 0;
#endif
    long long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lld %lld", &total, &resident), 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static dagpole_context *open_context(int serial) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = serial;
    options.threads = serial ? 0 : 2;
    assert_ok(dagpole_context_create(&options, &context));
    return context;
}

/* n_crit 0: so few points are summed directly. */
static dagpole_plan *make_plan(dagpole_context *context, int n_crit) {
    dagpole_plan_options options;
    dagpole_plan *plan;
    dagpole_plan_options_init(&options);
    options.digits = 3;
    options.n_crit = n_crit;
    assert_ok(dagpole_plan_create(context, &options, N, points, 0, NULL, &plan));
    return plan;
}

/* 900 evaluations of some hundred tasks: 20 bytes a task would be 2 megabytes. A direct sum does
 * not even allocate. */
static void check_evaluations(int serial, int n_crit) {
    int64_t resident = 0;
    fill_uniform(3 * N, points, 1);
    fill_uniform(N, charges, 2);
    dagpole_context *context = open_context(serial);
    dagpole_plan *plan = make_plan(context, n_crit);
    int64_t live = dp_memory_live();
    dp_memory_fail_at(0, 0); /* counts from here */
    for (int i = 0; i < N_RUNS; i++) {
        if (i == N_WARM)
            resident = resident_bytes();
        assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
        ck_assert_int_eq(dp_memory_live(), live);
    }
    int64_t growth = resident_bytes() - resident;
    printf("%d evaluations, %s%s: %lld kB more\n", N_RUNS - N_WARM, serial ? "serial" : "starpu",
           n_crit ? "" : ", direct", (long long)growth / 1024);
    ck_assert(n_crit || dp_memory_count() == 0);
    ck_assert_int_le(growth, 1 << 20);
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}

START_TEST(evaluations_keep_no_memory) {
    check_evaluations(1, 20);
}
END_TEST

START_TEST(evaluations_on_starpu_keep_no_memory) {
    check_evaluations(0, 20);
}
END_TEST

START_TEST(direct_sums_keep_no_memory) {
    check_evaluations(1, 0);
    check_evaluations(0, 0);
}
END_TEST

/* Failing calls too. */
START_TEST(plans_keep_no_memory) {
    int64_t resident = 0;
    fill_uniform(3 * N, points, 1);
    fill_uniform(N, charges, 2);
    dagpole_context *context = open_context(1);
    int64_t live = dp_memory_live();
    for (int i = 0; i < 300; i++) {
        if (i == N_WARM)
            resident = resident_bytes();
        dagpole_plan *plan = make_plan(context, 20);
        charges[7] = NAN;
        assert_fails(dagpole_plan_evaluate(plan, charges, potentials, NULL), DAGPOLE_NUMERIC,
                     "charges[7]");
        charges[7] = 1;
        assert_ok(dagpole_plan_evaluate(plan, charges, potentials, gradients));
        dagpole_plan_destroy(plan);
        points[5] = NAN;
        assert_fails(dagpole_plan_create(context, NULL, N, points, 0, NULL, &plan), DAGPOLE_NUMERIC,
                     "sources[1][2]");
        points[5] = 0.5;
        ck_assert_int_eq(dp_memory_live(), live);
    }
    int64_t growth = resident_bytes() - resident;
    printf("200 plans: %lld kB more\n", (long long)growth / 1024);
    ck_assert_int_le(growth, 4 << 20);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("leaks", 200, evaluations_keep_no_memory, evaluations_on_starpu_keep_no_memory,
           direct_sums_keep_no_memory, plans_keep_no_memory)

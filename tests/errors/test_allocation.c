/* Memory that runs out: the k-th of the project's own allocations fails, for every k of a small
 * run, and for a sample of them in runs that meet most places again. What StarPU, HDF5 and OpenBLAS
 * do when malloc fails is another matter. The argument says on which executor: serial or starpu. */
#include "base/memory.h"
#include "errors.h"
#include "model/rates.h"
#include "platform/machine.h"
#include "platform/scratch.h"

enum { N = 300, N_TARGETS = 40 };

typedef struct run {
    dagpole_kernel kernel;
    int serial;
    const scratch *cache; /* NULL = none */
    int is_cold;          /* nothing in it when a run starts */
    int is_float;         /* plan and evaluation with floats */
    int step;             /* every so many allocations: others have met most places; 0 = 1 */
    double potentials[N_TARGETS], gradients[3 * N_TARGETS];
} run;

static double points[3 * N], targets[3 * N_TARGETS], charges[N];

/* Leaves of a few points. Laplace has a graded cloud, so that every operator takes part; Yukawa,
 * with operators of its own for each level, has few levels. */
static void set_up(dagpole_kernel kernel) {
    double scale = kernel == DAGPOLE_LAPLACE ? 1e-2 : 1;
    fill_uniform(3 * N, points, 3);
    fill_uniform(3 * N_TARGETS, targets, 4);
    fill_uniform(N, charges, 5);
    for (int i = 0; i < 3 * N / 2; i++)
        points[i] *= scale;
    for (int i = 0; i < 3 * N_TARGETS / 2; i++)
        targets[i] *= scale;
}

static dagpole_status evaluate_doubles(run *r, dagpole_context *context,
                                       const dagpole_plan_options *options, dagpole_plan **plan) {
    DP_TRY(dagpole_plan_create(context, options, N, points, N_TARGETS, targets, plan));
    return dagpole_plan_evaluate(*plan, charges, r->potentials, r->gradients);
}

static void narrow(int64_t n, const double *from, float *to) {
    for (int64_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

static dagpole_status evaluate_floats(run *r, dagpole_context *context,
                                      const dagpole_plan_options *options, dagpole_plan **plan) {
    float sources[3 * N], others[3 * N_TARGETS], values[N], results[4 * N_TARGETS];
    narrow(3 * N, points, sources);
    narrow(3 * N_TARGETS, targets, others);
    narrow(N, charges, values);
    DP_TRY(dagpole_plan_create_float(context, options, N, sources, N_TARGETS, others, plan));
    DP_TRY(dagpole_plan_evaluate_float(*plan, values, results, results + N_TARGETS));
    for (int i = 0; i < N_TARGETS; i++)
        r->potentials[i] = results[i];
    for (int i = 0; i < 3 * N_TARGETS; i++)
        r->gradients[i] = results[N_TARGETS + i];
    return DAGPOLE_OK;
}

static dagpole_status evaluate(run *r, dagpole_context *context) {
    dagpole_plan_options options;
    dagpole_plan *plan;
    int64_t sampled[2] = {0, N_TARGETS - 1};
    double near[2], direct[2];
    dagpole_plan_options_init(&options);
    options.kernel = r->kernel;
    options.lambda = 2;
    options.digits = 3;
    options.p = 3;
    options.n_crit = 8;
    dagpole_status status = r->is_float ? evaluate_floats(r, context, &options, &plan)
                                        : evaluate_doubles(r, context, &options, &plan);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_near_field(plan, charges, 2, sampled, near, NULL);
    if (status == DAGPOLE_OK)
        status = dagpole_plan_check(plan, 0);
    if (status == DAGPOLE_OK)
        status =
            dagpole_direct(context, r->kernel, 2, N, points, charges, 2, targets, direct, NULL);
    dagpole_plan_destroy(plan);
    return status;
}

static void empty(const scratch *s) {
    DIR *directory = opendir(s->directory);
    char path[1024];
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", s->directory, entry->d_name);
        unlink(path);
    }
    closedir(directory);
}

static dagpole_status run_once(run *r) {
    dagpole_context_options options;
    dagpole_context *context;
    dagpole_context_options_init(&options);
    options.serial = r->serial;
    options.threads = r->serial ? 0 : 2;
    options.cache_dir = r->cache ? r->cache->directory : "";
    if (r->is_cold)
        empty(r->cache);
    dagpole_status status = dagpole_context_create(&options, &context);
    if (status == DAGPOLE_OK)
        status = evaluate(r, context);
    dagpole_context_destroy(context);
    return status;
}

static void check_right(run *r, const run *expected) {
    memset(r->potentials, 0xff, sizeof r->potentials);
    assert_ok(run_once(r));
    ck_assert_mem_eq(r->potentials, expected->potentials, sizeof r->potentials);
    ck_assert_mem_eq(r->gradients, expected->gradients, sizeof r->gradients);
}

/* Of n allocations the k-th fails. Operators that find no memory for being written to the cache are
 * used and not kept: only there a failed allocation is not fatal. */
static int check_allocation(const run *expected, int64_t k, int64_t n, int persistent) {
    run r = *expected;
    int64_t live = dp_memory_live();
    memset(r.potentials, 0xff, sizeof r.potentials);
    dp_memory_fail_at(k, persistent);
    dagpole_status status = run_once(&r);
    dp_memory_fail_at(0, 0);
    ck_assert_msg(status == DAGPOLE_NO_MEMORY || (status == DAGPOLE_OK && r.is_cold && !persistent),
                  "allocation %lld of %lld: %s: %s", (long long)k, (long long)n,
                  dagpole_status_name(status), dagpole_last_error());
    ck_assert_msg(dp_memory_live() == live, "allocation %lld of %lld leaves %lld blocks",
                  (long long)k, (long long)n, (long long)(dp_memory_live() - live));
    if (status == DAGPOLE_NO_MEMORY)
        ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "allocate"));
    else
        ck_assert_mem_eq(r.potentials, expected->potentials, sizeof r.potentials);
    return status == DAGPOLE_NO_MEMORY;
}

/* No run leaves a block behind, and every now and then a run without failure is right. Where all
 * later allocations fail too, a sample is enough: the places are the same, and only the ways back
 * from them are new. */
static void check_allocations(run r, int persistent, int64_t most) {
    int64_t step = r.step ? r.step : persistent ? 11 : SUITE_IS_SANITIZED ? 3 : 1;
    set_up(r.kernel);
    run expected = r;
    int64_t live = dp_memory_live(), n_fatal = 0;
    assert_ok(run_once(&expected)); /* warms the cache */
    dp_memory_fail_at(0, 0);
    check_right(&r, &expected);
    int64_t n = dp_memory_count();
    ck_assert_int_eq(dp_memory_live(), live);
    n = n < most ? n : most;
    for (int64_t k = 1; k <= n; k += step) {
        n_fatal += check_allocation(&expected, k, n, persistent);
        if (k / step % 16 == 0 || k + step > n)
            check_right(&r, &expected);
    }
    printf("%s, %s%s, %s%s: %lld allocations, %lld times fatal\n",
           r.kernel == DAGPOLE_LAPLACE ? "laplace" : "yukawa", r.serial ? "serial" : "starpu",
           r.is_float ? ", floats" : "",
           r.cache ? r.is_cold ? "cold cache" : "warm cache" : "no cache",
           persistent ? ", all after it fail too" : "", (long long)n, (long long)n_fatal);
    ck_assert_int_ge(n_fatal, n / step / 2);
}

static void check_every_allocation(run r, int persistent) {
    dagpole_context *keeper = NULL;
    if (!r.serial) { /* StarPU stays up, or its restarts would take a minute */
        dagpole_context_options options;
        dagpole_context_options_init(&options);
        options.threads = 2;
        assert_ok(dagpole_context_create(&options, &keeper));
    }
    check_allocations(r, persistent, INT64_MAX);
    dagpole_context_destroy(keeper);
}

/* Coefficients that change nothing, so that there is a file of them to be read. */
static void keep_coefficients(const scratch *s) {
    dp_machine machine;
    dp_rates rates = dp_rates_built_in(dp_isa_best());
    assert_ok(dp_machine_get(&machine));
    assert_ok(dp_rates_save(s->directory, machine.cpu, dp_isa_best(), &rates));
}

static void check_with_cache(run r, int persistent) {
    scratch s = scratch_make("any");
    r.cache = &s;
    if (!r.is_cold)
        keep_coefficients(&s);
    check_every_allocation(r, persistent);
    scratch_remove(&s);
}

START_TEST(serial_without_cache) {
    check_every_allocation((run){.serial = 1}, _i);
}
END_TEST

/* Laplace's places, met again on each level. */
START_TEST(serial_yukawa) {
    check_every_allocation((run){.serial = 1, .kernel = DAGPOLE_YUKAWA, .step = 23}, _i);
}
END_TEST

/* Operators are built as without a cache, and written in pieces of one kind. */
START_TEST(serial_with_a_cold_cache) {
    check_with_cache((run){.serial = 1, .is_cold = 1, .step = _i ? 11 : 5}, _i);
}
END_TEST

START_TEST(serial_with_a_warm_cache) {
    check_with_cache((run){.serial = 1}, _i);
}
END_TEST

START_TEST(serial_with_floats) {
    check_with_cache((run){.serial = 1, .is_float = 1, .step = 11}, _i);
}
END_TEST

/* The places that only this executor has are met one by one in tests/runtime. */
START_TEST(starpu_without_cache) {
    check_every_allocation((run){.serial = 0, .step = 23}, _i);
}
END_TEST

START_TEST(starpu_with_floats) {
    check_with_cache((run){.serial = 0, .is_float = 1, .step = 23}, _i);
}
END_TEST

/* The context's own allocations are the first: each run starts StarPU and ends it. */
START_TEST(starpu_that_starts_anew) {
    check_allocations((run){.serial = 0}, _i, 40);
}
END_TEST

START_TEST(starpu_with_a_warm_cache) {
    check_with_cache((run){.serial = 0, .step = 23}, _i);
}
END_TEST

/* The tests run twice: with a single failure and once with every later allocation failing too. */
int main(int argc, char **argv) {
    const TTest *const serial[] = {serial_without_cache, serial_yukawa, serial_with_a_cold_cache,
                                   serial_with_a_warm_cache, serial_with_floats};
    const TTest *const starpu[] = {starpu_without_cache, starpu_that_starts_anew,
                                   starpu_with_a_warm_cache, starpu_with_floats};
    int is_serial = argc == 2 && strcmp(argv[1], "serial") == 0;
    if (!is_serial && (argc != 2 || strcmp(argv[1], "starpu") != 0)) {
        fprintf(stderr, "one argument is needed: serial or starpu\n");
        return EXIT_FAILURE;
    }
    int n = is_serial ? (int)(sizeof serial / sizeof serial[0])
                      : (int)(sizeof starpu / sizeof starpu[0]);
    Suite *suite = suite_create("allocation");
    TCase *tcase = tcase_create("allocation");
    tcase_set_timeout(tcase, 200);
    for (int i = 0; i < n; i++)
        tcase_add_loop_test(tcase, is_serial ? serial[i] : starpu[i], 0, 2);
    return suite_run(suite, tcase);
}

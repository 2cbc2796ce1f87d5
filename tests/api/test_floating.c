/* Hosts with a floating-point environment of their own: every call gives the same bits as in the
 * default one, and leaves the host's as it was. */
#include <fenv.h>
#include <starpu.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "plans.h"
#include "platform/cpu.h"

enum { N = 600, N_FEW = 40 };

/* ---- environments ----------------------------------------------------------------------------
 */

typedef enum habit { DEFAULT, TRAPS, UPWARD, FLUSHES, N_HABITS } habit;

static void adopt(habit habit) {
    fesetenv(FE_DFL_ENV);
    if (habit == TRAPS)
        feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
    if (habit == UPWARD)
        fesetround(FE_UPWARD);
#if defined(__x86_64__)
    if (habit == FLUSHES)
        _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
    if (habit != TRAPS)
        feraiseexcept(FE_UNDERFLOW | FE_DIVBYZERO); /* flags that are there to stay */
}

/* All that a call must leave alone. */
typedef struct manners {
    int traps, rounding, flags;
    unsigned control; /* of SSE arithmetic, with its flags */
} manners;

static manners look(void) {
    manners seen = {fegetexcept(), fegetround(), fetestexcept(FE_ALL_EXCEPT), 0};
#if defined(__x86_64__)
    seen.control = _mm_getcsr();
#endif
    return seen;
}

/* ---- all calls that compute ------------------------------------------------------------------
 */

typedef struct outcome {
    double potentials[N], gradients[3 * N], near[2][4 * N_FEW], direct[4 * N], box[4];
    double multipole[4000], local[4000], cloud[7 * N], read[4 * N];
    float single[4 * N];
    double numbers[8];
} outcome;

static manners before;
static int n_callbacks, n_strange_callbacks;

/* Nothing that the library does may change what the host has set. */
static void done(dagpole_status status) {
    manners now = look();
    fesetenv(FE_DFL_ENV); /* the failing assertion itself computes */
    must(status);
    ck_assert_int_eq(now.traps, before.traps);
    ck_assert_int_eq(now.rounding, before.rounding);
    ck_assert_int_eq(now.flags, before.flags);
    ck_assert_uint_eq(now.control, before.control);
}

static int on_progress(void *user, const char *stage, double fraction) {
    manners now = look();
    (void)user, (void)stage, (void)fraction;
    n_callbacks++;
    n_strange_callbacks += memcmp(&now, &before, sizeof now) != 0;
    return 0;
}

#define CALL(call)                                                                                 \
    do {                                                                                           \
        adopt(habit);                                                                              \
        dagpole_status status_ = call;                                                             \
        done(status_);                                                                             \
    } while (0)

static void call_plan(habit habit, dagpole_plan *plan, const double *charges, outcome *out) {
    int64_t few[N_FEW];
    float single[N];
    dagpole_box box = {.size = sizeof box};
    dagpole_report report = {.size = sizeof report};
    for (int i = 0; i < N_FEW; i++)
        few[i] = 7 * i;
    for (int i = 0; i < N; i++)
        single[i] = (float)charges[i];
    CALL(dagpole_plan_evaluate(plan, charges, out->potentials, out->gradients));
    CALL(dagpole_plan_evaluate_float(plan, single, out->single, out->single + N));
    CALL(dagpole_plan_report(plan, &report));
    int64_t last = report.n_boxes - 1;
    CALL(dagpole_plan_expansions(plan, last, out->multipole, out->local, NULL));
    CALL(dagpole_plan_near_field(plan, charges, N_FEW, few, out->near[0], out->near[0] + N_FEW));
    CALL(dagpole_plan_near_sums(plan, charges, N_FEW, few, out->near[1], out->near[1] + N_FEW));
    CALL(dagpole_plan_check(plan, 0));
    CALL(dagpole_plan_box(plan, last, &box));
    memcpy(out->box, box.centre, sizeof box.centre);
    out->box[3] = box.side;
    out->numbers[0] = report.work_over_span;
    out->numbers[1] = report.root_side;
}

static void call_files(habit habit, const char *folder, outcome *out) {
    char path[256];
    dagpole_cloud cloud;
    snprintf(path, sizeof path, "%s/points.txt", folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < N; i++)
        fprintf(file, "%.17g %d.1e-3 %d.3 0.%d\n", 1. / (i + 1), i, i % 11, i + 1);
    fclose(file);
    CALL(dagpole_cloud_read(path, &cloud));
    memcpy(out->read, cloud.sources, sizeof(double) * 3 * N);
    memcpy(out->read + 3 * N, cloud.charges, sizeof(double) * N);
    snprintf(path, sizeof path, "%s/points.h5", folder);
    CALL(dagpole_cloud_write(path, &cloud));
    dagpole_cloud_free(&cloud);
    CALL(dagpole_cloud_read(path, &cloud));
    ck_assert_mem_eq(cloud.sources, out->read, sizeof(double) * 3 * N);
    dagpole_cloud_free(&cloud);
}

static void call_sums(habit habit, dagpole_context *context, const double *points,
                      const double *charges, outcome *out) {
    static const char *const clouds[] = {"plummer", "ellipsoid", "sphere"};
    dagpole_cloud cloud;
    int64_t bytes;
    CALL(dagpole_direct(context, DAGPOLE_LAPLACE, 0, N, points, charges, 0, NULL, out->direct,
                        out->direct + N));
    for (int i = 0; i < 3; i++) {
        CALL(dagpole_cloud_generate(clouds[i], N, 3, "mixed", &cloud));
        memcpy(out->cloud, cloud.sources, sizeof(double) * 3 * N);
        memcpy(out->cloud + 3 * N, cloud.charges, sizeof(double) * N);
        dagpole_cloud_free(&cloud);
    }
    dagpole_plan_options options = quick_options(2);
    CALL(dagpole_plan_estimate(&options, N, 0, &bytes));
    out->numbers[2] = (double)bytes;
    CALL(dagpole_precompute(context, &options, 3, 3));
}

/* What the k-th plan is asked for: far fields in single and in double precision, screened and from
 * floats; near sums alone in every precision. */
enum { N_PLANS = 7, FROM_FLOATS = 2 };

static dagpole_plan_options plan_options(int k) {
    dagpole_plan_options options = quick_options(k == 1 ? 2 : 0);
    static const int digits[N_PLANS] = {3, 3, 3, 7, 5, 8, 12};
    options.digits = digits[k];
    if (k > 3)
        options.n_crit = N;
    return options;
}

/* Operators are built: the cache is empty. */
static void run_all(habit habit, dagpole_context_options context_options, const char *folder,
                    outcome out[N_PLANS]) {
    double *points = cloud_make(CLOUD_CUBE, N, 5), *charges = make_charges(N, 3);
    float *single = malloc(3 * N * sizeof *single);
    dagpole_context *context;
    dagpole_plan *plan;
    for (int i = 0; i < 3 * N; i++)
        single[i] = (float)points[i];
    adopt(habit);
    before = look();
    CALL(dagpole_context_create(&context_options, &context));
    call_sums(habit, context, points, charges, &out[0]);
    call_files(habit, folder, &out[0]);
    for (int k = 0; k < N_PLANS; k++) {
        dagpole_plan_options options = plan_options(k);
        if (k == FROM_FLOATS)
            CALL(dagpole_plan_create_float(context, &options, N, single, 0, NULL, &plan));
        else
            CALL(dagpole_plan_create(context, &options, N, points, 0, NULL, &plan));
        call_plan(habit, plan, charges, &out[k]);
        dagpole_plan_destroy(plan);
    }
    dagpole_context_destroy(context);
    free(points);
    free(charges);
    free(single);
}

static outcome results[2][N_PLANS]; /* in the default environment, in the other */
static char folder[sizeof "/tmp/dagpole-floating-XXXXXX"];

static void make_folder(void) {
    strcpy(folder, "/tmp/dagpole-floating-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void) {
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* With a cache of its own, so that operators are built. */
static void run_with(dagpole_context_options options, int habit, outcome out[N_PLANS]) {
    char cache[64];
    make_folder();
    snprintf(cache, sizeof cache, "%s/cache", folder);
    options.size = sizeof options;
    options.progress = on_progress;
    options.cache_dir = cache;
    n_callbacks = n_strange_callbacks = 0;
    run_all((enum habit)habit, options, folder, out);
    ck_assert_int_gt(n_callbacks, 10);
    ck_assert_int_eq(n_strange_callbacks, 0);
    remove_folder();
}

/* What the serial executor makes in the default environment, once for all tests that compare with
 * it: it starts no StarPU, whose workers a fork would lose. */
static void run_in_default(void) {
    run_with((dagpole_context_options){.serial = 1}, DEFAULT, results[0]);
}

/* Each habit against the default one. */
static void compare(dagpole_context_options options, int habit) {
    run_with(options, habit, results[1]);
    for (int k = 0; k < N_PLANS; k++) {
        ck_assert_mem_eq(&results[0][k], &results[1][k], sizeof results[0][k]);
        ck_assert(results[0][k].potentials[N - 1] != 0 && results[0][k].single[N - 1] != 0);
    }
}

/* ---- tests -----------------------------------------------------------------------------------
 */

/* _i: instruction set x habit. */
START_TEST(serial_calls_do_not_see_the_hosts_environment) {
    dp_isa isa = (dp_isa)(_i / N_HABITS);
    if (isa > dp_isa_best() ||
        (SUITE_IS_SANITIZED && (isa < dp_isa_best() || _i % N_HABITS != TRAPS)))
        return;
    if (isa < dp_isa_best()) {
        setenv("DAGPOLE_ISA", dp_isa_name(isa), 1);
        run_in_default();
    }
    compare((dagpole_context_options){.serial = 1}, _i % N_HABITS);
}
END_TEST

START_TEST(workers_do_not_see_the_hosts_environment) {
    compare((dagpole_context_options){.threads = 2}, _i);
}
END_TEST

/* Its workers keep the environment of the thread that started them. */
START_TEST(workers_of_an_application_do_not_either) {
    struct starpu_conf conf;
    starpu_conf_init(&conf);
    conf.ncpus = 2;
    adopt(_i);
    int error = starpu_init(&conf);
    fesetenv(FE_DFL_ENV);
    ck_assert_int_eq(error, 0);
    compare((dagpole_context_options){0}, _i);
    starpu_shutdown();
}
END_TEST

START_TEST(tuning_in_a_program_that_traps) {
    habit habit = TRAPS;
    make_folder();
    dagpole_context *context =
        open_context((dagpole_context_options){.serial = 1, .cache_dir = folder});
    adopt(habit);
    before = look();
    CALL(dagpole_tune(context, NULL));
    dagpole_context_destroy(context);
    remove_folder();
}
END_TEST

/* What a callback changes is the host's wish and lasts. */
static int round_upward(void *user, const char *stage, double fraction) {
    (void)user, (void)stage, (void)fraction;
    fesetround(FE_UPWARD);
    return 0;
}

START_TEST(callbacks_change_the_hosts_environment) {
    double points[3 * 300], charges[300], potentials[2][300];
    uint64_t seed = 3;
    for (int i = 0; i < 900; i++)
        points[i] = suite_uniform(&seed);
    for (int i = 0; i < 300; i++)
        charges[i] = suite_uniform(&seed);
    for (int k = 0; k < 2; k++) {
        dagpole_context *context = open_context(
            (dagpole_context_options){.serial = 1, .progress = k ? round_upward : NULL});
        must(dagpole_direct(context, DAGPOLE_LAPLACE, 0, 300, points, charges, 0, NULL,
                            potentials[k], NULL));
        ck_assert_int_eq(fegetround(), k ? FE_UPWARD : FE_TONEAREST);
        dagpole_context_destroy(context);
    }
    fesetround(FE_TONEAREST);
    ck_assert_mem_eq(potentials[0], potentials[1], sizeof potentials[0]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("floating");
    TCase *tcase = tcase_create("floating");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, run_in_default, NULL);
    int n = SUITE_IS_SANITIZED ? TRAPS + 1 : N_HABITS;
    if (!SUITE_IS_THREAD_SANITIZED) /* one thread, and all loops of all instruction sets */
        tcase_add_loop_test(tcase, serial_calls_do_not_see_the_hosts_environment, TRAPS,
                            DP_N_ISA * N_HABITS);
    tcase_add_loop_test(tcase, workers_do_not_see_the_hosts_environment, TRAPS, n);
    tcase_add_loop_test(tcase, workers_of_an_application_do_not_either, TRAPS, n);
    if (!SUITE_IS_SANITIZED) /* tuning takes long there */
        tcase_add_test(tcase, tuning_in_a_program_that_traps);
    tcase_add_test(tcase, callbacks_change_the_hosts_environment);
    return suite_run(suite, tcase);
}

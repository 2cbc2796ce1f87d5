/* Programs that were compiled with another header than the library: their structs are shorter or
 * longer, and nothing beyond them is read or written. */
#include "plans.h"

#include <stdalign.h>

enum { N = 200, ROOM = 8192, CANARY = 0xa5 };

/* A struct of some size in a place full of canaries. */
static alignas(64) unsigned char place[ROOM];

static void *place_of(size_t size) {
    memset(place, CANARY, sizeof place);
    memcpy(place, &size, sizeof size);
    return place;
}

static void check_canaries(size_t size) {
    size_t given;
    memcpy(&given, place, sizeof given);
    ck_assert_uint_eq(given, size);
    size_t i = size; /* an assertion for each byte would take seconds */
    while (i < sizeof place && place[i] == CANARY)
        i++;
    ck_assert_msg(i == sizeof place, "byte %zu behind a struct of %zu was written", i, size);
}

/* The headers of an older dagpole. */
typedef struct old_plan_options {
    size_t size;
    dagpole_kernel kernel;
    double lambda;
    int digits, p;
} old_plan_options;

typedef struct old_context_options {
    size_t size;
    int threads;
    const char *scheduler, *cache_dir;
} old_context_options;

/* That of a newer one. */
typedef struct new_plan_options {
    dagpole_plan_options known;
    double softening;
    int n_images, pad;
} new_plan_options;

typedef struct new_context_options {
    dagpole_context_options known;
    void *allocator;
} new_context_options;

static void check_init(void (*init)(void *, size_t), size_t known) {
    for (size_t size = 16; size <= known + 64; size += 8) {
        init(place_of(size), size);
        check_canaries(size);
        for (size_t i = known; i < size; i++)
            ck_assert_uint_eq(place[i], 0);
    }
}

static void init_plan_options(void *options, size_t size) {
    dagpole_plan_options_init_sized(options, size);
}

static void init_context_options(void *options, size_t size) {
    dagpole_context_options_init_sized(options, size);
}

static void init_user_kernel(void *kernel, size_t size) {
    dagpole_user_kernel_init_sized(kernel, size);
}

static void init_values(void *values, size_t size) {
    dagpole_values_init_sized(values, size);
}

static void init_foresee_options(void *options, size_t size) {
    dagpole_foresee_options_init_sized(options, size);
}

START_TEST(init_functions_keep_to_the_caller_s_size) {
    check_init(init_plan_options, sizeof(dagpole_plan_options));
    check_init(init_context_options, sizeof(dagpole_context_options));
    check_init(init_user_kernel, sizeof(dagpole_user_kernel));
    check_init(init_values, sizeof(dagpole_values));
    check_init(init_foresee_options, sizeof(dagpole_foresee_options));
    old_plan_options old;
    dagpole_plan_options_init_sized((dagpole_plan_options *)&old, sizeof old);
    ck_assert(old.size == sizeof old && old.kernel == DAGPOLE_LAPLACE && old.digits == 6);
    dagpole_plan_options options;
    dagpole_plan_options_init(&options);
    ck_assert(options.size == sizeof options && options.digits == 6 && options.n_crit == 0);
    dagpole_plan_options_init(NULL);
    dagpole_context_options_init(NULL);
}
END_TEST

static dagpole_plan *plan_of(dagpole_context *context, const void *options) {
    double *points = cloud_make(CLOUD_CUBE, N, 1);
    dagpole_plan *plan;
    must(dagpole_plan_create(context, options, N, points, 0, NULL, &plan));
    free(points);
    return plan;
}

/* The bytes behind the structs are canaries: none of them is taken for an option. */
START_TEST(shorter_options_leave_the_rest_at_its_default) {
    old_context_options *context_options = place_of(sizeof *context_options);
    dagpole_context *context;
    dagpole_context_options_init_sized((void *)context_options, sizeof *context_options);
    context_options->threads = 1;
    context_options->cache_dir = "";
    must(dagpole_context_create((void *)context_options, &context));
    old_plan_options *options = place_of(sizeof *options);
    dagpole_plan_options_init_sized((void *)options, sizeof *options);
    options->digits = 4;
    options->p = 5;
    dagpole_plan *plan = plan_of(context, options);
    check_canaries(sizeof *options);
    dagpole_report report = report_of(plan);
    ck_assert(report.digits == 4 && report.p == 5 && report.block_boxes == 0);
    ck_assert(report.tolerance > 1e-6 && report.tolerance < 1e-3);
    int64_t bytes;
    must(dagpole_plan_estimate((void *)options, N, 0, &bytes));
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

START_TEST(longer_options_are_taken_where_nothing_unknown_is_set) {
    new_context_options context_options;
    new_plan_options options;
    dagpole_context *context;
    int64_t bytes;
    dagpole_context_options_init_sized(&context_options.known, sizeof context_options);
    context_options.known.serial = 1;
    context_options.known.cache_dir = "";
    must(dagpole_context_create(&context_options.known, &context));
    dagpole_plan_options_init_sized(&options.known, sizeof options);
    options.known.digits = 4;
    dagpole_plan *plan = plan_of(context, &options);
    ck_assert_int_eq(report_of(plan).digits, 4);
    dagpole_plan_destroy(plan);
    options.n_images = 1;
    expect_failure(dagpole_plan_estimate(&options.known, N, 0, &bytes), DAGPOLE_BAD_ARGUMENT,
                   "for a newer dagpole");
    dagpole_context_destroy(context);
    context_options.allocator = &bytes;
    expect_failure(dagpole_context_create(&context_options.known, &context), DAGPOLE_BAD_ARGUMENT,
                   "for a newer dagpole");
}
END_TEST

/* Which of the structs that the library fills. */
typedef enum filled { REPORT, BOX, MACHINE, N_FILLED } filled;

static dagpole_status fill(const dagpole_plan *plan, filled what, void *to) {
    switch (what) {
    case REPORT:
        return dagpole_plan_report(plan, to);
    case BOX:
        return dagpole_plan_box(plan, 0, to);
    default:
        return dagpole_machine_query("", to);
    }
}

START_TEST(structs_are_filled_as_far_as_the_caller_knows_them) {
    static const size_t sizes[] = {sizeof(dagpole_report), sizeof(dagpole_box),
                                   sizeof(dagpole_machine)};
    static alignas(64) unsigned char whole[ROOM];
    dagpole_context *context = open_serial();
    dagpole_plan *plan = plan_of(context, NULL);
    for (filled what = 0; what < N_FILLED; what++) {
        memset(whole, 0, sizeof whole);
        memcpy(whole, &sizes[what], sizeof(size_t));
        must(fill(plan, what, whole));
        size_t step = sizes[what] > 1024 ? 256 : 8;
        for (size_t size = 16; size <= sizes[what] + 64; size += step) {
            must(fill(plan, what, place_of(size)));
            check_canaries(size);
            ck_assert_mem_eq(place + 8, whole + 8, size - 8);
        }
        for (size_t size = 0; size < 16; size++)
            expect_failure(fill(plan, what, place_of(size)), DAGPOLE_BAD_ARGUMENT, "size");
    }
    dagpole_plan_destroy(plan);
    dagpole_context_destroy(context);
}
END_TEST

SUITE_MAIN("old-programs", 60, init_functions_keep_to_the_caller_s_size,
           shorter_options_leave_the_rest_at_its_default,
           longer_options_are_taken_where_nothing_unknown_is_set,
           structs_are_filled_as_far_as_the_caller_knows_them)

/* The executor "strict": what sound bodies make is what "serial" makes, and a body that touches
 * what its record does not declare is found, with its operator, its block and the field. */
#include "streams.h"

enum { WORDS = 700 }; /* more than a page */

typedef enum fault {
    NONE,
    UNDECLARED_READ,
    UNDECLARED_WRITE,
    WRITE_TO_READ,
    NO_WRITE,
    NOTHING_AT_ALL,
    BEHIND_THE_END,
    N_FAULTS
} fault;

static const char *const op_names[] = {"P2M", "M2M"};

typedef struct planted {
    dp_stream stream;
    dp_field fields[3];
    double memory[3][WORDS];
    dp_record records[2];
    int32_t access_field[4];
    uint8_t access_mode[4];
    fault fault;
    double *kept; /* where record 0 found field 2, which record 1 does not name */
    double sum;
} planted;

static void write_all(double *field, double factor) {
    for (int k = 0; k < WORDS; k++)
        field[k] = factor * k;
}

/* Record 0 writes fields 0 and 2; record 1 reads field 0 and writes field 1. */
static dagpole_status planted_body(void *argument, int64_t i, void *const *buffers, int worker) {
    planted *p = argument;
    double *first = buffers[0], *second = buffers[1];
    (void)worker;
    if (i == 0) {
        write_all(first, 1);
        write_all(p->kept = second, 1);
        return DAGPOLE_OK;
    }
    if (p->fault == UNDECLARED_READ)
        p->sum += p->kept[3];
    if (p->fault == UNDECLARED_WRITE)
        p->kept[WORDS - 1] = 1;
    if (p->fault == WRITE_TO_READ)
        first[0] = 7;
    if (p->fault == BEHIND_THE_END)
        second[WORDS] = 1;
    for (int k = 0; k < WORDS; k++)
        p->sum += p->fault == NOTHING_AT_ALL ? 0 : first[k];
    if (p->fault != NO_WRITE && p->fault != NOTHING_AT_ALL)
        write_all(second, 2);
    return DAGPOLE_OK;
}

static void plant(fault f, planted *p) {
    static const char *const names[] = {"multipoles", "locals", "targets"};
    *p = (planted){.fault = f,
                   .access_field = {0, 2, 0, 1},
                   .access_mode = {DP_WRITE, DP_WRITE, DP_READ, DP_WRITE}};
    for (int i = 0; i < 3; i++)
        p->fields[i] = (dp_field){p->memory[i], sizeof p->memory[i], names[i], 40 + i, -1};
    p->records[0] = (dp_record){.op = 0, .block = 40, .access_begin = 0, .n_access = 2};
    p->records[1] = (dp_record){.op = 1, .block = 41, .access_begin = 2, .n_access = 2};
    p->stream = (dp_stream){.n_fields = 3,
                            .fields = p->fields,
                            .n_records = 2,
                            .records = p->records,
                            .n_accesses = 4,
                            .access_field = p->access_field,
                            .access_mode = p->access_mode,
                            .n_ops = 2,
                            .op_names = op_names,
                            .body = planted_body,
                            .argument = p};
}

static dagpole_status run_strictly(const dp_stream *stream, dp_operator_bits ops) {
    dp_runtime *runtime;
    dp_execution *execution;
    dp_profile profile;
    setenv("DAGPOLE_EXECUTOR", "strict", 1);
    ck_assert_int_eq(dp_runtime_create(&(dp_runtime_options){.serial = 1}, &runtime), DAGPOLE_OK);
    ck_assert_int_eq(dp_execution_create(runtime, stream, &execution), DAGPOLE_OK);
    dagpole_status status = dp_execution_run_some(execution, ops, "test", &profile);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    unsetenv("DAGPOLE_EXECUTOR");
    return status;
}

START_TEST(planted_faults_are_named) {
    static const char *const expected[N_FAULTS] = {
        [NONE] = "",
        [UNDECLARED_READ] =
            "M2M of block 41 reads what it does not declare: targets of block 42 (field 2)",
        [UNDECLARED_WRITE] = "M2M of block 41 writes what it does not declare to write: targets of "
                             "block 42 (field 2)",
        [WRITE_TO_READ] = "M2M of block 41 writes what it does not declare to write: multipoles of "
                          "block 40 (field 0)",
        [NO_WRITE] =
            "M2M of block 41 declares a write and does not write: locals of block 41 (field 1)",
        [NOTHING_AT_ALL] =
            "M2M of block 41 declares a write and does not write: locals of block 41 (field 1)",
        [BEHIND_THE_END] =
            "M2M of block 41 touches what lies behind the end: locals of block 41 (field 1)"};
    planted *p = malloc(sizeof *p);
    plant((fault)_i, p);
    dagpole_status status = run_strictly(&p->stream, DP_ALL_OPERATORS);
    ck_assert_int_eq(status, _i == NONE ? DAGPOLE_OK : DAGPOLE_INTERNAL);
    if (_i == NONE)
        ck_assert_double_eq(p->memory[1][5], 10);
    else
        ck_assert_str_eq(dagpole_last_error(), expected[_i]);
    free(p);
}
END_TEST

/* What a run leaves out writes nothing and is not blamed for it. */
START_TEST(operators_left_out_are_not_blamed) {
    planted *p = malloc(sizeof *p);
    plant(NOTHING_AT_ALL, p);
    ck_assert_int_eq(run_strictly(&p->stream, 1u << 0), DAGPOLE_OK);
    free(p);
}
END_TEST

START_TEST(sound_bodies_make_what_serial_makes) {
    random_stream *s = random_stream_create((uint64_t)_i + 1, 40, 300);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.serial = 1});
    dp_profile profile;
    size_t bytes = (size_t)s->n_words * 8;
    uint64_t *expected = malloc(bytes + 1);
    random_stream_reset(s);
    dp_execution *execution = open_execution(runtime, s);
    ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    memcpy(expected, s->memory, bytes);
    random_stream_reset(s);
    ck_assert_int_eq(run_strictly(&s->stream, DP_ALL_OPERATORS), DAGPOLE_OK);
    ck_assert_int_eq(memcmp(expected, s->memory, bytes), 0);
    free(expected);
    random_stream_destroy(s);
}
END_TEST

int main(void) {
    if (SUITE_IS_THREAD_SANITIZED) /* it delays the handler of a fault until the next call */
        return SUITE_SKIPPED;
    test_environment_open();
    Suite *suite = suite_create("strict");
    TCase *tcase = tcase_create("strict");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, planted_faults_are_named, 0, N_FAULTS);
    tcase_add_test(tcase, operators_left_out_are_not_blamed);
    tcase_add_loop_test(tcase, sound_bodies_make_what_serial_makes, 0, 20);
    int code = suite_run(suite, tcase);
    test_environment_close();
    return code;
}

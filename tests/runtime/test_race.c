/* The thread sanitizer's pass can fail: records that nobody orders write one word, and the process
 * ends as that sanitizer ends it, with the suppressions of all other tests. */
#include "streams.h"

enum { SANITIZER_EXIT = 66 };

static int64_t word;

static dagpole_status write_word(void *argument, int64_t i, void *const *buffers, int worker) {
    (void)argument, (void)i, (void)buffers, (void)worker;
    for (int k = 0; k < 1000; k++)
        word += k;
    return DAGPOLE_OK;
}

START_TEST(unordered_records_write_one_word) {
    random_stream *streams = random_stream_create(1, 60, 200);
    dp_runtime *runtime = open_runtime((dp_runtime_options){.threads = 2});
    dp_profile profile;
    streams->stream.body = write_word;
    for (int64_t i = 0; i < streams->stream.n_records; i++)
        streams->stream.records[i].n_access = 0;
    dp_execution *execution = open_execution(runtime, streams);
    ck_assert_int_eq(dp_execution_run(execution, "test", &profile), DAGPOLE_OK);
    dp_execution_destroy(execution);
    dp_runtime_destroy(runtime);
    random_stream_destroy(streams);
}
END_TEST

int main(void) {
    test_environment_open();
    Suite *suite = suite_create("race");
    TCase *tcase = tcase_create("race");
    tcase_set_timeout(tcase, 200);
    tcase_add_exit_test(tcase, unordered_records_write_one_word, SANITIZER_EXIT);
    int code = suite_run(suite, tcase);
    test_environment_close();
    return code;
}

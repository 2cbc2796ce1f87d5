#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "suite.h"

START_TEST(names_are_the_enumerators) {
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_OK), "DAGPOLE_OK");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_BAD_ARGUMENT), "DAGPOLE_BAD_ARGUMENT");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_WRONG_STATE), "DAGPOLE_WRONG_STATE");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_NO_MEMORY), "DAGPOLE_NO_MEMORY");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_NUMERIC), "DAGPOLE_NUMERIC");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_FILE), "DAGPOLE_FILE");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_UNSUPPORTED), "DAGPOLE_UNSUPPORTED");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_RUNTIME), "DAGPOLE_RUNTIME");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_CANCELLED), "DAGPOLE_CANCELLED");
    ck_assert_str_eq(dagpole_status_name(DAGPOLE_INTERNAL), "DAGPOLE_INTERNAL");
    ck_assert_str_eq(dagpole_status_name((dagpole_status)(DAGPOLE_INTERNAL + 1)), "unknown status");
    ck_assert_str_eq(dagpole_status_name((dagpole_status)-1), "unknown status");
}
END_TEST

START_TEST(fail_keeps_the_sentence) {
    ck_assert_str_eq(dagpole_last_error(), "");
    ck_assert_int_eq(dp_fail(DAGPOLE_NUMERIC, "points[%d] is %s", 7, "NaN"), DAGPOLE_NUMERIC);
    ck_assert_str_eq(dagpole_last_error(), "points[7] is NaN");
}
END_TEST

START_TEST(a_long_sentence_is_cut) {
    char text[2 * DP_ERROR_TEXT_BYTES];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    dp_fail(DAGPOLE_FILE, "%s", text);
    ck_assert_uint_eq(strlen(dagpole_last_error()), DP_ERROR_TEXT_BYTES - 1);
    ck_assert_str_eq(dagpole_last_error() + DP_ERROR_TEXT_BYTES - 6, "aa...");
}
END_TEST

static void *fail_elsewhere(void *text_at_first) {
    strcpy(text_at_first, dagpole_last_error());
    dp_fail(DAGPOLE_FILE, "elsewhere");
    return NULL;
}

START_TEST(the_sentence_is_per_thread) {
    char text[DP_ERROR_TEXT_BYTES] = "not read";
    pthread_t thread;
    dp_fail(DAGPOLE_FILE, "here");
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, text), 0);
    pthread_join(thread, NULL);
    ck_assert_str_eq(text, "");
    ck_assert_str_eq(dagpole_last_error(), "here");
}
END_TEST

static dagpole_status pass_on(dagpole_status status, int *went_on) {
    DP_TRY(status);
    *went_on = 1;
    return DAGPOLE_OK;
}

START_TEST(try_returns_at_once) {
    int went_on = 0;
    ck_assert_int_eq(pass_on(DAGPOLE_RUNTIME, &went_on), DAGPOLE_RUNTIME);
    ck_assert_int_eq(went_on, 0);
    ck_assert_int_eq(pass_on(DAGPOLE_OK, &went_on), DAGPOLE_OK);
    ck_assert_int_eq(went_on, 1);
}
END_TEST

START_TEST(version_is_the_header_s) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", DAGPOLE_VERSION_MAJOR, DAGPOLE_VERSION_MINOR,
             DAGPOLE_VERSION_PATCH);
    ck_assert_str_eq(dagpole_version(), text);
    ck_assert_str_eq(dagpole_version(), DAGPOLE_VERSION);
    snprintf(text, sizeof text, "%d%02d%02d", DAGPOLE_VERSION_MAJOR, DAGPOLE_VERSION_MINOR,
             DAGPOLE_VERSION_PATCH);
    ck_assert_int_eq(DAGPOLE_VERSION_NUMBER, strtol(text, NULL, 10));
}
END_TEST

START_TEST(a_library_of_another_abi_or_an_older_one_is_told) {
    ck_assert_int_eq(DAGPOLE_CHECK(), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_version_check(DAGPOLE_ABI, 1), DAGPOLE_OK);
    ck_assert_int_eq(dagpole_version_check(DAGPOLE_ABI + 1, 1), DAGPOLE_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), DAGPOLE_VERSION));
    ck_assert_int_eq(dagpole_version_check(DAGPOLE_ABI - 1, 1), DAGPOLE_UNSUPPORTED);
    ck_assert_int_eq(dagpole_version_check(DAGPOLE_ABI, 990203), DAGPOLE_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), "dagpole 99.2.3"));
    ck_assert_ptr_nonnull(strstr(dagpole_last_error(), DAGPOLE_VERSION));
}
END_TEST

SUITE_MAIN("status", 10, names_are_the_enumerators, fail_keeps_the_sentence, a_long_sentence_is_cut,
           the_sentence_is_per_thread, try_returns_at_once, version_is_the_header_s,
           a_library_of_another_abi_or_an_older_one_is_told)

#include "base/team.h"
#include "suite.h"

/* Counts its calls and fails from `fail_from` on. */
typedef struct work {
    int64_t n_calls, fail_from;
    int seen[100];
} work;

static dagpole_status count(void *argument, int64_t i) {
    work *w = argument;
    w->n_calls++;
    if (i >= w->fail_from)
        return dp_fail(DAGPOLE_NUMERIC, "piece %d", (int)i);
    w->seen[i]++;
    return DAGPOLE_OK;
}

START_TEST(each_piece_runs_once) {
    work w = {.fail_from = 100};
    const dp_team *team = &dp_team_serial;
    ck_assert_int_eq(team->size, 1);
    ck_assert_int_eq(team->run(team, 100, count, &w), DAGPOLE_OK);
    ck_assert_int_eq(w.n_calls, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(w.seen[i], 1);
}
END_TEST

START_TEST(no_pieces_no_calls) {
    work w = {0};
    ck_assert_int_eq(dp_team_serial.run(&dp_team_serial, 0, count, &w), DAGPOLE_OK);
    ck_assert_int_eq(w.n_calls, 0);
}
END_TEST

START_TEST(the_first_failure_is_returned) {
    work w = {.fail_from = 40};
    ck_assert_int_eq(dp_team_serial.run(&dp_team_serial, 100, count, &w), DAGPOLE_NUMERIC);
    ck_assert_str_eq(dagpole_last_error(), "piece 40");
}
END_TEST

SUITE_MAIN("team", 10, each_piece_runs_once, no_pieces_no_calls, the_first_failure_is_returned)

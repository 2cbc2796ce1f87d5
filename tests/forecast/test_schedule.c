/* List schedules of small streams against what is known of them. */
#include <math.h>
#include <string.h>

#include "forecast/schedule.h"
#include "suite.h"

enum { MOST = 400, MOST_ACCESSES = 4 * MOST, FIELD_BYTES = 10 };

/* Records that are added one by one; fields have FIELD_BYTES each. */
typedef struct small_stream {
    dp_stream stream;
    dp_field fields[MOST];
    dp_record records[MOST];
    int32_t access_field[MOST_ACCESSES];
    uint8_t access_mode[MOST_ACCESSES];
} small_stream;

static small_stream *make(int32_t n_fields) {
    small_stream *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->stream = (dp_stream){.n_fields = n_fields,
                            .fields = s->fields,
                            .records = s->records,
                            .access_field = s->access_field,
                            .access_mode = s->access_mode,
                            .max_priority = 1000,
                            .n_ops = 1};
    for (int32_t f = 0; f < n_fields; f++)
        s->fields[f] = (dp_field){.bytes = FIELD_BYTES, .node = -1};
    return s;
}

static void add(small_stream *s, double cost, int priority, int node) {
    s->records[s->stream.n_records++] = (dp_record){.cost = (float)cost,
                                                    .priority = priority,
                                                    .node = node,
                                                    .access_begin = s->stream.n_accesses};
}

/* The record that was added last names a field. */
static void names(small_stream *s, int32_t field, dp_access mode) {
    s->access_field[s->stream.n_accesses] = field;
    s->access_mode[s->stream.n_accesses++] = (uint8_t)mode;
    s->records[s->stream.n_records - 1].n_access++;
}

/* n records that have nothing to do with one another. */
static small_stream *make_independent(int32_t n, double cost, int node) {
    small_stream *s = make(n);
    for (int32_t i = 0; i < n; i++) {
        s->fields[i].node = node;
        add(s, cost, 0, node);
        names(s, i, DP_READ_WRITE);
    }
    return s;
}

/* Fields have two nodes as homes, in turn. */
static small_stream *make_random(int32_t n, uint64_t seed) {
    small_stream *s = make(n / 3);
    for (int32_t f = 0; f < s->stream.n_fields; f++)
        s->fields[f].node = f % 2;
    for (int32_t i = 0; i < n; i++) {
        int32_t first = (int32_t)(suite_uniform(&seed) * s->stream.n_fields);
        add(s, 0.1 + suite_uniform(&seed), (int)(1000 * suite_uniform(&seed)), first % 2);
        for (int k = 0; k < 3; k++)
            names(s, (first + k * 7) % s->stream.n_fields,
                  suite_uniform(&seed) < 0.6 ? DP_READ : DP_READ_WRITE);
    }
    return s;
}

/* A machine whose runtime and memory cost nothing. */
static dp_site free_of_costs(int n_workers, int n_nodes) {
    return (dp_site){.n_workers = n_workers,
                     .n_nodes = n_nodes,
                     .local_rate = INFINITY,
                     .remote_rate = INFINITY};
}

static dp_schedule schedule(const small_stream *s, dp_site site, dp_record_times *times) {
    dp_schedule made;
    dp_csr successors;
    ck_assert_int_eq(dp_schedule_successors(&s->stream, &successors), DAGPOLE_OK);
    ck_assert_int_eq(dp_schedule_make(&s->stream, &successors, &site, times, &made), DAGPOLE_OK);
    dp_csr_free(&successors);
    return made;
}

static void is_near(double value, double expected) {
    ck_assert_double_le(fabs(value - expected), 1e-6 * fabs(expected) + 1e-12);
}

START_TEST(independent_records_fill_the_workers) {
    small_stream *s = make_independent(12, 1, -1);
    for (int w = 1; w <= 13; w++) {
        dp_schedule made = schedule(s, free_of_costs(w, 1), NULL);
        is_near(made.makespan, (12 + w - 1) / w);
        is_near(made.tasks_s, 12);
    }
    free(s);
}
END_TEST

START_TEST(a_chain_takes_its_sum_on_any_machine) {
    small_stream *s = make(1);
    for (int i = 1; i <= 5; i++) {
        add(s, i, 0, -1);
        names(s, 0, DP_READ_WRITE);
    }
    for (int w = 1; w <= 4; w++)
        is_near(schedule(s, free_of_costs(w, w), NULL).makespan, 15);
    free(s);
}
END_TEST

/* A writer, readers beside one another, a writer that waits for all. */
START_TEST(readers_run_beside_one_another) {
    small_stream *s = make(1);
    dp_access modes[6] = {DP_WRITE, DP_READ, DP_READ, DP_READ, DP_READ, DP_READ_WRITE};
    for (int i = 0; i < 6; i++) {
        add(s, 1, 0, -1);
        names(s, 0, modes[i]);
    }
    is_near(schedule(s, free_of_costs(4, 1), NULL).makespan, 3);
    is_near(schedule(s, free_of_costs(2, 1), NULL).makespan, 4);
    free(s);
}
END_TEST

START_TEST(one_worker_takes_the_sum) {
    small_stream *s = make_random(300, 1);
    dp_site site = free_of_costs(1, 1);
    double sum = 0;
    site.task_s = 0.01;
    site.access_s = 0.001;
    for (int i = 0; i < 300; i++)
        sum += s->records[i].cost + 0.01 + 3 * 0.001;
    dp_schedule made = schedule(s, site, NULL);
    is_near(made.makespan, sum);
    is_near(made.runtime_s, 300 * 0.013);
    free(s);
}
END_TEST

/* Graham 1969: no list schedule is longer than work / workers + (1 - 1 / workers) span. */
START_TEST(graham_bounds_hold) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        small_stream *s = make_random(200, seed);
        double work, span;
        ck_assert_int_eq(dp_stream_span(&s->stream, &work, &span), DAGPOLE_OK);
        for (int w = 1; w <= 64; w *= 4) {
            double made = schedule(s, free_of_costs(w, 1), NULL).makespan;
            ck_assert_double_ge(made * (1 + 1e-6), fmax(work / w, span));
            ck_assert_double_le(made, (work / w + (1 - 1.0 / w) * span) * (1 + 1e-6));
        }
        free(s);
    }
}
END_TEST

/* With all costs: nobody does two things at once, nothing begins before what it waits for ends. */
static void check_times(const small_stream *s, const dp_site *site, const dp_record_times *times) {
    static int32_t order[1000];
    dp_csr before;
    ck_assert_int_eq(dp_stream_predecessors(&s->stream, &before), DAGPOLE_OK);
    ck_assert_int_le(s->stream.n_records, 1000);
    ck_assert_int_eq(dp_stream_order(&s->stream, order), DAGPOLE_OK);
    for (int64_t k = 0; k < s->stream.n_records; k++)
        is_near(times[order[k]].submit_s, (double)k * site->submit_s);
    for (int64_t i = 0; i < s->stream.n_records; i++) {
        const dp_record_times *t = &times[i];
        double runtime = site->task_s + 3 * site->access_s;
        ck_assert_double_ge(t->start_s + 1e-9, t->submit_s + runtime);
        ck_assert_double_ge(t->end_s - t->start_s + 1e-6, s->records[i].cost);
        ck_assert(t->worker >= 0 && t->worker < site->n_workers);
        for (int64_t k = before.offset[i]; k < before.offset[i + 1]; k++)
            ck_assert_double_ge(t->start_s + 1e-9, times[before.index[k]].end_s + runtime);
        for (int64_t j = 0; j < i; j++)
            ck_assert(times[j].worker != t->worker || times[j].end_s <= t->start_s ||
                      t->end_s <= times[j].start_s);
    }
    dp_csr_free(&before);
}

START_TEST(schedules_are_valid_and_repeat) {
    static dp_record_times times[MOST], again[MOST];
    for (uint64_t seed = 0; seed < 10; seed++) {
        small_stream *s = make_random(300, seed);
        dp_site site = {.n_workers = 5 + (int)seed,
                        .n_nodes = 2,
                        .submit_s = 0.02,
                        .task_s = 0.03,
                        .access_s = 0.002,
                        .local_rate = 50,
                        .remote_rate = 100};
        dp_schedule made = schedule(s, site, times);
        check_times(s, &site, times);
        schedule(s, site, again);
        ck_assert_mem_eq(times, again, 300 * sizeof *times);
        double last = 0;
        for (int i = 0; i < 300; i++)
            last = fmax(last, times[i].end_s);
        ck_assert_double_eq(made.makespan, last);
        free(s);
    }
}
END_TEST

START_TEST(submission_sets_the_pace) {
    small_stream *s = make_independent(50, 0.25, -1);
    dp_site site = free_of_costs(8, 1);
    site.submit_s = 1;
    is_near(schedule(s, site, NULL).makespan, 49.25);
    free(s);
}
END_TEST

START_TEST(higher_priorities_come_first) {
    static dp_record_times times[MOST];
    small_stream *s = make_independent(6, 1, -1);
    static const int priority[6] = {0, 100, 900, 300, 1000, 600};
    for (int i = 0; i < 6; i++)
        s->records[i].priority = priority[i];
    schedule(s, free_of_costs(1, 1), times);
    static const int order[6] = {4, 2, 5, 3, 1, 0};
    for (int k = 0; k < 6; k++)
        is_near(times[order[k]].start_s, k);
    free(s);
}
END_TEST

/* All at home on node 0, whose two workers leave the rest to the other node's. */
START_TEST(the_other_node_steals_and_pays) {
    static dp_record_times times[MOST];
    small_stream *s = make_independent(40, 1, 0);
    dp_site site = free_of_costs(4, 2);
    double at_home = 0;
    for (int pass = 0; pass < 2; pass++) {
        dp_schedule made = schedule(s, site, times);
        int n_stolen = 0;
        for (int i = 0; i < 40; i++) {
            int is_stolen = dp_site_node(&site, times[i].worker) == 1;
            n_stolen += is_stolen;
            double extra = times[i].end_s - times[i].start_s - 1;
            ck_assert(is_stolen || fabs(extra) < 1e-6);
            if (is_stolen && pass == 1) /* alone, or beside the other one that reads there */
                ck_assert(fabs(extra - 0.5) < 1e-6 || fabs(extra - 1) < 1e-6);
        }
        ck_assert_int_gt(n_stolen, 0);
        ck_assert_int_eq(made.bytes_remote, n_stolen * FIELD_BYTES);
        ck_assert_double_lt(made.makespan, 20);
        if (pass == 0)
            at_home = made.makespan;
        else
            ck_assert_double_gt(made.makespan, at_home);
        site.remote_rate = 2 * FIELD_BYTES;
    }
    free(s);
}
END_TEST

/* Each asks for half of what the memory gives: the third and the fourth are stretched. */
START_TEST(workers_share_their_memory) {
    static dp_record_times times[MOST];
    small_stream *s = make_independent(4, 1, -1);
    dp_site site = free_of_costs(4, 1);
    site.local_rate = 2 * FIELD_BYTES;
    is_near(schedule(s, site, times).makespan, 2);
    static const double length[4] = {1, 1, 1.5, 2};
    for (int i = 0; i < 4; i++)
        is_near(times[i].end_s - times[i].start_s, length[i]);
    site.n_nodes = 2; /* two have a memory for themselves */
    is_near(schedule(s, site, times).makespan, 1);
    free(s);
}
END_TEST

START_TEST(an_empty_stream_takes_no_time) {
    small_stream *s = make(0);
    is_near(schedule(s, free_of_costs(3, 1), NULL).makespan, 0);
    free(s);
}
END_TEST

START_TEST(missing_memory_is_a_status) {
    small_stream *s = make_random(50, 3);
    dp_site site = free_of_costs(4, 2);
    dp_csr successors;
    dp_schedule made;
    dagpole_status status = DAGPOLE_NO_MEMORY;
    int n_failed = 0;
    int64_t live = dp_memory_live();
    for (int k = 1; status != DAGPOLE_OK; k++, n_failed++) {
        dp_memory_fail_at(k, 0);
        status = dp_schedule_successors(&s->stream, &successors);
        if (status == DAGPOLE_OK) {
            status = dp_schedule_make(&s->stream, &successors, &site, NULL, &made);
            dp_csr_free(&successors);
        }
        dp_memory_fail_at(0, 0);
        ck_assert(status == DAGPOLE_OK || status == DAGPOLE_NO_MEMORY);
        ck_assert_int_eq(dp_memory_live(), live);
    }
    ck_assert_int_ge(n_failed, 15);
    free(s);
}
END_TEST

SUITE_MAIN("schedule", 60, independent_records_fill_the_workers,
           a_chain_takes_its_sum_on_any_machine, readers_run_beside_one_another,
           one_worker_takes_the_sum, graham_bounds_hold, schedules_are_valid_and_repeat,
           submission_sets_the_pace, higher_priorities_come_first, the_other_node_steals_and_pays,
           workers_share_their_memory, an_empty_stream_takes_no_time, missing_memory_is_a_status)

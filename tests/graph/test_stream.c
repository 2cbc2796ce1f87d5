#include <math.h>
#include <string.h>

#include "stream/stream.h"
#include "suite.h"

#define R    DP_READ
#define W    DP_WRITE
#define RW   DP_READ_WRITE
#define MOST 64

/* A stream over at most 8 fields, built access by access. */
typedef struct built {
    dp_stream stream;
    dp_field fields[8];
    dp_record records[MOST];
    int32_t field[MOST * 4];
    uint8_t mode[MOST * 4];
    double memory[8];
} built;

static dagpole_status body(void *argument, int64_t record, void *const *buffers, int worker) {
    (void)argument, (void)record, (void)buffers, (void)worker;
    return DAGPOLE_OK;
}

static const char *const names[] = {"A"};

static void start(built *self) {
    memset(self, 0, sizeof *self);
    for (int f = 0; f < 8; f++)
        self->fields[f] = (dp_field){.data = &self->memory[f], .bytes = sizeof(double)};
    self->stream = (dp_stream){.n_fields = 8,
                               .fields = self->fields,
                               .records = self->records,
                               .access_field = self->field,
                               .access_mode = self->mode,
                               .n_ops = 1,
                               .op_names = names,
                               .body = body};
}

static void record(built *self, float cost) {
    self->records[self->stream.n_records++] =
        (dp_record){.cost = cost, .access_begin = self->stream.n_accesses};
}

static void access(built *self, int32_t field, int mode) {
    self->field[self->stream.n_accesses] = field;
    self->mode[self->stream.n_accesses++] = (uint8_t)mode;
    self->records[self->stream.n_records - 1].n_access++;
}

static void check_span(const built *self, double work, double span) {
    double found_work, found_span;
    ck_assert_int_eq(dp_stream_check(&self->stream), DAGPOLE_OK);
    ck_assert_int_eq(dp_stream_span(&self->stream, &found_work, &found_span), DAGPOLE_OK);
    ck_assert_double_eq_tol(found_work, work, 1e-6);
    ck_assert_double_eq_tol(found_span, span, 1e-6);
}

START_TEST(span_of_hand_made_streams) {
    static built self;
    start(&self);
    check_span(&self, 0, 0);
    for (int i = 0; i < 10; i++) { /* a chain of writers */
        record(&self, 2);
        access(&self, 0, RW);
    }
    check_span(&self, 20, 20);

    start(&self); /* fork and join: one writer, five readers, one writer */
    record(&self, 1);
    access(&self, 0, W);
    for (int i = 0; i < 5; i++) {
        record(&self, (float)(1 + i));
        access(&self, 0, R);
    }
    check_span(&self, 16, 6);
    record(&self, 3);
    access(&self, 0, W);
    check_span(&self, 19, 9);

    start(&self); /* independent writers, then one that reads two of them */
    for (int f = 0; f < 4; f++) {
        record(&self, (float)(1 + f));
        access(&self, f, W);
    }
    check_span(&self, 10, 4);
    record(&self, 10);
    access(&self, 0, R);
    access(&self, 1, R);
    access(&self, 5, RW);
    check_span(&self, 20, 12);
    record(&self, 1); /* no access: depends on nothing */
    check_span(&self, 21, 12);
}
END_TEST

/* All pairs by the definition in stream.h: brute force for the two functions. */
static int depends(const dp_stream *stream, int64_t later, int64_t earlier) {
    const dp_record *a = &stream->records[earlier], *b = &stream->records[later];
    for (int32_t i = 0; i < a->n_access; i++)
        for (int32_t j = 0; j < b->n_access; j++) {
            int64_t x = a->access_begin + i, y = b->access_begin + j;
            if (stream->access_field[x] == stream->access_field[y] &&
                (stream->access_mode[x] != R || stream->access_mode[y] != R))
                return 1;
        }
    return 0;
}

static void random_stream(built *self, uint64_t *state) {
    start(self);
    for (int i = 0; i < MOST; i++) {
        record(self, (float)suite_uniform(state));
        for (int f = 0; f < 8; f++)
            if (suite_uniform(state) < 0.2 && self->records[i].n_access < 4)
                access(self, f, (int)(3 * suite_uniform(state)));
    }
}

START_TEST(span_and_priorities_match_all_pairs) {
    static built self;
    uint64_t state = 1;
    for (int k = 0; k < 50; k++) {
        random_stream(&self, &state);
        const dp_stream *stream = &self.stream;
        double end[MOST], tail[MOST], work = 0, span = 0;
        for (int i = 0; i < MOST; i++) {
            double before = 0;
            for (int j = 0; j < i; j++)
                if (depends(stream, i, j))
                    before = fmax(before, end[j]);
            end[i] = before + stream->records[i].cost;
            work += stream->records[i].cost;
            span = fmax(span, end[i]);
        }
        check_span(&self, work, span);
        for (int i = MOST - 1; i >= 0; i--) {
            double after = 0;
            for (int j = i + 1; j < MOST; j++)
                if (depends(stream, j, i))
                    after = fmax(after, tail[j]);
            tail[i] = after + stream->records[i].cost;
        }
        ck_assert_int_eq(dp_stream_prioritise(&self.stream, 1000), DAGPOLE_OK);
        ck_assert_int_eq(dp_stream_check(stream), DAGPOLE_OK);
        int32_t highest = 0;
        for (int i = 0; i < MOST; i++) {
            int32_t priority = stream->records[i].priority;
            ck_assert_double_eq_tol(priority, 1000 * tail[i] / span, 1.001);
            highest = priority > highest ? priority : highest;
            for (int j = 0; j < i; j++)
                if (depends(stream, i, j))
                    ck_assert_int_ge(stream->records[j].priority, priority);
        }
        ck_assert_int_ge(highest, 999);
    }
}
END_TEST

/* How record i uses a field, -1 = not at all. */
static int mode_of(const dp_stream *stream, int64_t i, int32_t field) {
    const dp_record *record = &stream->records[i];
    for (int64_t x = record->access_begin; x < record->access_begin + record->n_access; x++)
        if (stream->access_field[x] == field)
            return stream->access_mode[x];
    return -1;
}

/* The definition of a row, field by field: `later` waits for `earlier` where no record between the
 * two writes the field, nor, if both write, reads it. */
static int waits_for(const dp_stream *stream, int64_t later, int64_t earlier) {
    for (int32_t f = 0; f < stream->n_fields; f++) {
        int first = mode_of(stream, earlier, f), last = mode_of(stream, later, f);
        int is_met = first < 0 || last < 0 || (first == R && last == R);
        for (int64_t i = earlier + 1; i < later; i++) {
            int mode = mode_of(stream, i, f);
            is_met |= mode > R || (mode == R && first != R && last != R);
        }
        if (!is_met)
            return 1;
    }
    return 0;
}

/* Rows by their definition, and what follows from them by all pairs. */
static void check_predecessors(const dp_stream *stream) {
    static char is_before[MOST][MOST];
    dp_csr rows;
    ck_assert_int_eq(dp_stream_predecessors(stream, &rows), DAGPOLE_OK);
    ck_assert_int_eq(rows.n_rows, stream->n_records);
    ck_assert_int_eq(rows.offset[0], 0);
    memset(is_before, 0, sizeof is_before);
    for (int64_t i = 0; i < stream->n_records; i++) {
        int64_t begin = rows.offset[i], n = rows.offset[i + 1] - begin, n_expected = 0;
        for (int64_t k = begin; k < begin + n; k++) {
            int64_t j = rows.index[k];
            ck_assert(j >= 0 && j < i && waits_for(stream, i, j));
            for (int64_t earlier = 0; earlier <= j; earlier++)
                is_before[i][earlier] |= (char)(earlier == j || is_before[j][earlier]);
        }
        for (int64_t j = 0; j < i; j++) {
            n_expected += waits_for(stream, i, j);
            ck_assert(!depends(stream, i, j) || is_before[i][j]);
        }
        ck_assert_int_eq(n, n_expected); /* each once */
    }
    dp_csr_free(&rows);
}

START_TEST(predecessors_match_their_definition) {
    static built self;
    uint64_t state = 2;
    start(&self);
    check_predecessors(&self.stream);
    for (int k = 0; k < 50; k++) {
        random_stream(&self, &state);
        check_predecessors(&self.stream);
    }
}
END_TEST

static void check_row(const dp_csr *rows, int64_t i, int n, const int32_t *expected) {
    ck_assert_int_eq(rows->offset[i + 1] - rows->offset[i], n);
    for (int k = 0; k < n; k++) { /* in any order */
        int n_found = 0;
        for (int64_t j = rows->offset[i]; j < rows->offset[i + 1]; j++)
            n_found += rows->index[j] == expected[k];
        ck_assert_int_eq(n_found, 1);
    }
}

START_TEST(predecessors_of_a_hand_made_stream) {
    static const int accesses[][3] = {
        {0, 0, W}, {1, 0, R}, {2, 0, R}, {2, 1, W},  {3, 0, RW}, {4, 0, R}, {4, 1, R},
        {5, 0, W}, {5, 1, W}, {6, 2, W}, {7, 0, RW}, {7, 1, R},  {8, 3, R}, {9, 3, W},
    }; /* record, field, mode */
    static const int32_t expected[][2] = {{0}, {0}, {0}, {1, 2}, {2, 3}, {4}, {0}, {5}, {0}, {8}};
    static const int n[] = {0, 1, 1, 2, 2, 1, 0, 1, 0, 1};
    static built self;
    dp_csr rows;
    start(&self);
    for (size_t k = 0; k < sizeof accesses / sizeof accesses[0]; k++) {
        if (accesses[k][0] == self.stream.n_records)
            record(&self, 1);
        access(&self, accesses[k][1], accesses[k][2]);
    }
    check_predecessors(&self.stream);
    ck_assert_int_eq(dp_stream_predecessors(&self.stream, &rows), DAGPOLE_OK);
    for (int i = 0; i < 10; i++)
        check_row(&rows, i, n[i], expected[i]);
    dp_csr_free(&rows);
}
END_TEST

START_TEST(priorities_of_free_records_are_zero) {
    static built self;
    start(&self);
    record(&self, 0);
    access(&self, 0, W);
    ck_assert_int_eq(dp_stream_prioritise(&self.stream, 7), DAGPOLE_OK);
    ck_assert_int_eq(self.records[0].priority, 0);
    ck_assert_int_eq(self.stream.max_priority, 7);
}
END_TEST

static void sound(built *self) {
    start(self);
    record(self, 1);
    access(self, 0, R);
    access(self, 3, W);
    record(self, 1);
    access(self, 3, RW);
    access(self, 0, R);
    ck_assert_int_eq(dp_stream_check(&self->stream), DAGPOLE_OK);
}

static void refused(built *self, const char *word) {
    ck_assert_int_eq(dp_stream_check(&self->stream), DAGPOLE_INTERNAL);
    ck_assert_msg(strstr(dagpole_last_error(), word) != NULL, "%s", dagpole_last_error());
    sound(self);
}

START_TEST(check_refuses_broken_streams) {
    static built self;
    sound(&self);
    self.field[3] = 3;
    refused(&self, "record 1 names field 3 twice");
    self.field[1] = 8;
    refused(&self, "names field 8");
    self.field[1] = -1;
    refused(&self, "names field -1");
    self.mode[2] = 3;
    refused(&self, "mode 3");
    self.records[1].op = 1;
    refused(&self, "operator 1");
    self.records[1].op = -1;
    refused(&self, "operator -1");
    self.records[0].priority = 1;
    refused(&self, "priority 1");
    self.records[0].cost = NAN;
    refused(&self, "cost");
    self.records[0].cost = -1;
    refused(&self, "cost -1");
    self.records[1].n_access = 3;
    refused(&self, "accesses 2 + 3");
    self.records[1].access_begin = -1;
    refused(&self, "accesses -1");
    self.fields[2].data = NULL;
    refused(&self, "field 2");
    self.stream.body = NULL;
    refused(&self, "no body");
}
END_TEST

START_TEST(failing_allocations_are_reported) {
    static built self;
    double work, span;
    sound(&self);
    int64_t live = dp_memory_live();
    for (int k = 1; k <= 2; k++) {
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dp_stream_span(&self.stream, &work, &span), DAGPOLE_NO_MEMORY);
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dp_stream_prioritise(&self.stream, 3), DAGPOLE_NO_MEMORY);
    }
    for (int k = 1; k <= 6; k++) {
        dp_csr rows;
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dp_stream_predecessors(&self.stream, &rows), DAGPOLE_NO_MEMORY);
        ck_assert_ptr_null(rows.offset);
        ck_assert_ptr_null(rows.index);
    }
    for (int k = 1; k <= 3; k++) {
        int32_t order[MOST];
        dp_memory_fail_at(k, 0);
        ck_assert_int_eq(dp_stream_order(&self.stream, order), DAGPOLE_NO_MEMORY);
    }
    dp_memory_fail_at(1, 0);
    ck_assert_int_eq(dp_stream_check(&self.stream), DAGPOLE_NO_MEMORY);
    dp_memory_fail_at(0, 0);
    ck_assert_int_eq(dp_memory_live(), live);
}
END_TEST

/* Homes in turn, by what is left of each; the records of one home in their order. */
START_TEST(homes_are_submitted_in_turn) {
    static const int node[12] = {0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 3, -1};
    static const int32_t expected[12] = {0, 4, 1, 5, 2, 11, 6, 3, 7, 8, 10, 9};
    built self;
    int32_t order[12];
    start(&self);
    for (int i = 0; i < 12; i++) {
        record(&self, 1);
        self.records[i].node = -1;
    }
    ck_assert_int_eq(dp_stream_order(&self.stream, order), DAGPOLE_OK);
    for (int i = 0; i < 12; i++)
        ck_assert_int_eq(order[i], i);
    for (int i = 0; i < 12; i++)
        self.records[i].node = node[i];
    ck_assert_int_eq(dp_stream_order(&self.stream, order), DAGPOLE_OK);
    ck_assert_mem_eq(order, expected, sizeof expected);
    self.stream.n_records = 0;
    ck_assert_int_eq(dp_stream_order(&self.stream, order), DAGPOLE_OK);
}
END_TEST

SUITE_MAIN("stream", 30, span_of_hand_made_streams, span_and_priorities_match_all_pairs,
           predecessors_match_their_definition, predecessors_of_a_hand_made_stream,
           priorities_of_free_records_are_zero, check_refuses_broken_streams,
           failing_allocations_are_reported, homes_are_submitted_in_turn)

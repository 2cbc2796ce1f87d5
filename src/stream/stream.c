#include "stream/stream.h"

#include <math.h>

/* What a chain of dependencies has reached at a field: the last writer, and the longest of the
 * readers that came after it. */
typedef struct reach {
    double write, read;
} reach;

static double chain_before(const dp_stream *stream, const dp_record *record, const reach *reached) {
    double before = 0;
    for (int32_t a = 0; a < record->n_access; a++) {
        int64_t access = record->access_begin + a;
        const reach *at = &reached[stream->access_field[access]];
        before = fmax(before, at->write);
        if (stream->access_mode[access] != DP_READ)
            before = fmax(before, at->read);
    }
    return before;
}

static void advance(const dp_stream *stream, const dp_record *record, double end, reach *reached) {
    for (int32_t a = 0; a < record->n_access; a++) {
        int64_t access = record->access_begin + a;
        reach *at = &reached[stream->access_field[access]];
        if (stream->access_mode[access] == DP_READ)
            at->read = fmax(at->read, end);
        else
            *at = (reach){.write = end, .read = 0};
    }
}

static int64_t bytes_read(const dp_stream *stream, int64_t access) {
    if (stream->access_mode[access] == DP_WRITE)
        return 0;
    return dp_stream_access_bytes(stream, access);
}

int64_t dp_stream_remote_bytes(const dp_stream *stream, int64_t i, int node) {
    const dp_record *record = &stream->records[i];
    int64_t bytes = 0;
    if (record->node < 0 || node < 0)
        return 0;
    for (int64_t a = record->access_begin; a < record->access_begin + record->n_access; a++)
        if (stream->fields[stream->access_field[a]].node != node)
            bytes += bytes_read(stream, a);
    return bytes;
}

void dp_stream_bytes(const dp_stream *stream, int64_t *read, int64_t *remote) {
    *read = *remote = 0;
    for (int64_t a = 0; a < stream->n_accesses; a++)
        *read += bytes_read(stream, a);
    for (int64_t i = 0; i < stream->n_records; i++)
        *remote += dp_stream_remote_bytes(stream, i, stream->records[i].node);
}

/* The cost of the longest chain that ends with each record, itself included; walked backwards, of
 * the longest that starts with it (the rules are the same in both directions). */
static dagpole_status longest_chains(const dp_stream *stream, int backwards, double *chain) {
    reach *reached = dp_alloc_zero((size_t)stream->n_fields, sizeof *reached);
    if (!reached)
        return DAGPOLE_NO_MEMORY;
    for (int64_t step = 0; step < stream->n_records; step++) {
        int64_t i = backwards ? stream->n_records - 1 - step : step;
        const dp_record *record = &stream->records[i];
        chain[i] = chain_before(stream, record, reached) + record->cost;
        advance(stream, record, chain[i], reached);
    }
    dp_free(reached);
    return DAGPOLE_OK;
}

static double largest(const double *values, int64_t n) {
    double result = 0;
    for (int64_t i = 0; i < n; i++)
        result = fmax(result, values[i]);
    return result;
}

dagpole_status dp_stream_span(const dp_stream *stream, double *work, double *span) {
    double *chain = dp_alloc((size_t)stream->n_records, sizeof *chain);
    dagpole_status status = chain ? longest_chains(stream, 0, chain) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK) {
        *work = 0;
        for (int64_t i = 0; i < stream->n_records; i++)
            *work += stream->records[i].cost;
        *span = largest(chain, stream->n_records);
    }
    dp_free(chain);
    return status;
}

dagpole_status dp_stream_prioritise(dp_stream *stream, int32_t max_priority) {
    double *chain = dp_alloc((size_t)stream->n_records, sizeof *chain);
    dagpole_status status = chain ? longest_chains(stream, 1, chain) : DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK) {
        double span = largest(chain, stream->n_records);
        double scale = span > 0 ? max_priority / span : 0;
        for (int64_t i = 0; i < stream->n_records; i++)
            stream->records[i].priority = (int32_t)fmin(scale * chain[i], max_priority);
        stream->max_priority = max_priority;
    }
    dp_free(chain);
    return status;
}

/* An access that reads, among those of its field since the last writer. */
typedef struct reading {
    int64_t record, before; /* before: the access that read before it, -1 = none */
} reading;

typedef struct history {
    int64_t *writer, *reader; /* per field: last record that writes it, last access that has read
                                 it since; -1 = none */
    reading *readings;        /* per access */
    int64_t *stamp;           /* per record: 1 + the last record that waits for it */
} history;

static void wait_for(int64_t i, int64_t earlier, history *seen, dp_csr *rows) {
    if (earlier < 0 || seen->stamp[earlier] == i + 1)
        return;
    seen->stamp[earlier] = i + 1;
    rows->index[rows->offset[i + 1]++] = (int32_t)earlier;
}

/* The readers of a field waited for its writer already. */
static void wait_for_access(int64_t i, int32_t field, dp_access mode, history *seen, dp_csr *rows) {
    int64_t reader = seen->reader[field];
    if (mode == DP_READ || reader < 0)
        wait_for(i, seen->writer[field], seen, rows);
    else
        for (; reader >= 0; reader = seen->readings[reader].before)
            wait_for(i, seen->readings[reader].record, seen, rows);
}

static void note_access(int64_t i, int64_t access, const dp_stream *stream, history *seen) {
    int32_t field = stream->access_field[access];
    if (stream->access_mode[access] == DP_READ) {
        seen->readings[access] = (reading){.record = i, .before = seen->reader[field]};
        seen->reader[field] = access;
    } else {
        seen->writer[field] = i;
        seen->reader[field] = -1;
    }
}

static void find_predecessors(const dp_stream *stream, history *seen, dp_csr *rows) {
    for (int32_t f = 0; f < stream->n_fields; f++)
        seen->writer[f] = seen->reader[f] = -1;
    rows->offset[0] = 0;
    for (int64_t i = 0; i < stream->n_records; i++) {
        int64_t begin = stream->records[i].access_begin, end = begin + stream->records[i].n_access;
        rows->offset[i + 1] = rows->offset[i];
        for (int64_t access = begin; access < end; access++)
            wait_for_access(i, stream->access_field[access], stream->access_mode[access], seen,
                            rows);
        for (int64_t access = begin; access < end; access++)
            note_access(i, access, stream, seen);
    }
}

/* Each access is waited for at most once by what comes after it, and waits for a writer. */
dagpole_status dp_stream_predecessors(const dp_stream *stream, dp_csr *predecessors) {
    size_t n_fields = (size_t)stream->n_fields, n_records = (size_t)stream->n_records,
           n_accesses = (size_t)stream->n_accesses;
    dp_csr rows = {.n_rows = stream->n_records};
    history seen = {.writer = dp_alloc(n_fields, sizeof *seen.writer),
                    .reader = dp_alloc(n_fields, sizeof *seen.reader),
                    .readings = dp_alloc(n_accesses, sizeof *seen.readings),
                    .stamp = dp_alloc_zero(n_records, sizeof *seen.stamp)};
    rows.offset = dp_alloc(n_records + 1, sizeof *rows.offset);
    rows.index = dp_alloc(2 * n_accesses, sizeof *rows.index);
    int is_complete =
        seen.writer && seen.reader && seen.readings && seen.stamp && rows.offset && rows.index;
    if (is_complete)
        find_predecessors(stream, &seen, &rows);
    else
        dp_csr_free(&rows);
    dp_free(seen.writer);
    dp_free(seen.reader);
    dp_free(seen.readings);
    dp_free(seen.stamp);
    *predecessors = rows;
    return is_complete ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

/* last_use[f]: 1 + the last record that named field f. */
static dagpole_status check_accesses(const dp_stream *stream, int64_t i, int64_t *last_use) {
    const dp_record *record = &stream->records[i];
    for (int32_t a = 0; a < record->n_access; a++) {
        int64_t access = record->access_begin + a;
        int32_t field = stream->access_field[access];
        if (field < 0 || field >= stream->n_fields)
            return dp_fail(DAGPOLE_INTERNAL, "record %lld names field %d, the stream has %d",
                           (long long)i, field, stream->n_fields);
        if (stream->access_mode[access] > DP_READ_WRITE)
            return dp_fail(DAGPOLE_INTERNAL, "record %lld has access mode %d on field %d",
                           (long long)i, stream->access_mode[access], field);
        if (stream->access_bytes &&
            (stream->access_bytes[access] < 0 ||
             (size_t)stream->access_bytes[access] > stream->fields[field].bytes))
            return dp_fail(DAGPOLE_INTERNAL, "record %lld reads %lld bytes of field %d, it has %zu",
                           (long long)i, (long long)stream->access_bytes[access], field,
                           stream->fields[field].bytes);
        if (last_use[field] == i + 1)
            return dp_fail(DAGPOLE_INTERNAL, "record %lld names field %d twice", (long long)i,
                           field);
        last_use[field] = i + 1;
    }
    return DAGPOLE_OK;
}

static dagpole_status check_record(const dp_stream *stream, int64_t i, int64_t *last_use) {
    const dp_record *record = &stream->records[i];
    if (record->op < 0 || record->op >= stream->n_ops)
        return dp_fail(DAGPOLE_INTERNAL, "record %lld has operator %d, the stream has %d",
                       (long long)i, record->op, stream->n_ops);
    if (stream->step_op && (record->n_steps < 1 || record->step_begin < 0 ||
                            record->step_begin > stream->n_steps - record->n_steps))
        return dp_fail(DAGPOLE_INTERNAL, "record %lld has steps %lld + %d, the stream has %lld",
                       (long long)i, (long long)record->step_begin, record->n_steps,
                       (long long)stream->n_steps);
    if (record->priority < 0 || record->priority > stream->max_priority)
        return dp_fail(DAGPOLE_INTERNAL, "record %lld has priority %d, allowed are 0 to %d",
                       (long long)i, record->priority, stream->max_priority);
    if (!(record->cost >= 0) || !isfinite(record->cost))
        return dp_fail(DAGPOLE_INTERNAL, "record %lld has cost %g", (long long)i, record->cost);
    if (record->access_begin < 0 || record->n_access < 0 ||
        record->access_begin > stream->n_accesses - record->n_access)
        return dp_fail(DAGPOLE_INTERNAL, "record %lld has accesses %lld + %d, the stream has %lld",
                       (long long)i, (long long)record->access_begin, record->n_access,
                       (long long)stream->n_accesses);
    return check_accesses(stream, i, last_use);
}

dagpole_status dp_stream_check(const dp_stream *stream) {
    if (stream->n_fields < 0 || stream->n_records < 0 || stream->n_accesses < 0 || !stream->body)
        return dp_fail(DAGPOLE_INTERNAL, "the stream has a negative count or no body");
    for (int32_t f = 0; f < stream->n_fields; f++)
        if (stream->fields[f].bytes && !stream->fields[f].data)
            return dp_fail(DAGPOLE_INTERNAL, "field %d has %zu bytes and no memory", f,
                           stream->fields[f].bytes);
    int64_t *last_use = dp_alloc_zero((size_t)stream->n_fields, sizeof *last_use);
    if (!last_use)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = DAGPOLE_OK;
    for (int64_t i = 0; i < stream->n_records && status == DAGPOLE_OK; i++)
        status = check_record(stream, i, last_use);
    dp_free(last_use);
    return status;
}

/* A stream of task records over fields: what an executor needs to know, and nothing of the FMM.
 * The order of the records is valid sequentially; access modes on fields define the dependencies
 * (a reader waits for the writers before it in the stream, a writer for all before it). */
#ifndef DP_STREAM_STREAM_H
#define DP_STREAM_STREAM_H

#include "base/array.h"

typedef enum dp_access { DP_READ = 0, DP_WRITE = 1, DP_READ_WRITE = 2 } dp_access;

typedef struct dp_field {
    void *data;       /* owned by whoever made the stream */
    size_t bytes;     /* may be 0 */
    const char *name; /* what it holds, and of which block: for messages */
    int32_t block;
    int node; /* NUMA node where it lies, by the operating system's number; -1: any */
} dp_field;

typedef struct dp_record {
    int32_t op; /* index of the operator (of several steps: of the name they have together) */
    int32_t block;
    int32_t priority;     /* larger = nearer to the critical path; 0 ... max_priority */
    float cost;           /* estimated seconds */
    int64_t access_begin; /* accesses [access_begin, access_begin + n_access) */
    int32_t n_access;
    int32_t n_steps;    /* only where the stream has step_op */
    int64_t step_begin; /* steps [step_begin, step_begin + n_steps) */
    int node;           /* NUMA node where it is best run; -1: any */
} dp_record;

typedef struct dp_stream {
    int32_t n_fields;
    dp_field *fields;
    int64_t n_records;
    dp_record *records;
    int64_t n_accesses;
    int32_t *access_field; /* index of the field; a field appears at most once per record */
    uint8_t *access_mode;  /* dp_access */
    int64_t *access_bytes; /* what a record reads of the field; NULL: all of it */
    int32_t max_priority;
    int n_ops;                   /* operators' indices are below this */
    const char *const *op_names; /* n_ops */

    /* Small operators are steps of one record, run one after the other: per step its operator, for
     * times and for what a run omits. NULL: every record is one step, of its own number and
     * operator. */
    int64_t n_steps;
    int32_t *step_op;
    float *step_cost; /* estimated seconds of each; NULL where step_op is */

    /* Runs a step. buffers[a]: where the a-th field of its record lies, as the executor has it.
     * worker: 0 ... n_workers - 1, no two records run at once under one worker of one stream. */
    dagpole_status (*body)(void *argument, int64_t step, void *const *buffers, int worker);
    void *argument;
} dp_stream;

/* The steps of record i. */
static inline int64_t dp_stream_steps(const dp_stream *stream, int64_t i, int64_t *begin) {
    *begin = stream->step_op ? stream->records[i].step_begin : i;
    return stream->step_op ? stream->records[i].n_steps : 1;
}

/* The operator of a step of record i. */
static inline int dp_stream_step_op(const dp_stream *stream, int64_t i, int64_t step) {
    return stream->step_op ? stream->step_op[step] : stream->records[i].op;
}

/* The estimated seconds of a step of record i. */
static inline double dp_stream_step_cost(const dp_stream *stream, int64_t i, int64_t step) {
    return stream->step_op ? stream->step_cost[step] : stream->records[i].cost;
}

/* Bytes of its field that an access reads, or of the whole field where it does not say. */
static inline int64_t dp_stream_access_bytes(const dp_stream *stream, int64_t access) {
    if (stream->access_bytes)
        return stream->access_bytes[access];
    return (int64_t)stream->fields[stream->access_field[access]].bytes;
}

/* Bytes that record i reads of fields that lie on another node than this one. 0 where the record
 * has no home: then nothing has. */
int64_t dp_stream_remote_bytes(const dp_stream *stream, int64_t i, int node);

/* Bytes that all records read, and of those that are remote with every record at home. */
void dp_stream_bytes(const dp_stream *stream, int64_t *read, int64_t *remote);

/* Work and span of the stream by its costs: the sum, and the longest chain under the dependencies
 * that the access modes make. NO_MEMORY. */
dagpole_status dp_stream_span(const dp_stream *stream, double *work, double *span);

/* Sets the priorities: the longest remaining chain from each record, scaled to 0 ... max_priority.
 */
dagpole_status dp_stream_prioritise(dp_stream *stream, int32_t max_priority);

/* Row i: the records that record i waits for, each once: for the last writer of a field that it
 * reads; for the readers since then of a field that it writes, or where there are none, for the
 * last writer. All other dependencies follow from these. NO_MEMORY. */
dagpole_status dp_stream_predecessors(const dp_stream *stream, dp_csr *predecessors);

/* The order in which the records are best handed to an executor whose workers begin at once: those
 * of each home as the stream has them, the homes in turn, so that no node has work before another.
 * Without homes it is the stream's own. It is not valid sequentially. order: n_records. NO_MEMORY.
 */
dagpole_status dp_stream_order(const dp_stream *stream, int32_t *order);

/* Checks that fields, modes and ranges are sound and that no record names a field twice. */
dagpole_status dp_stream_check(const dp_stream *stream);

#endif

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
} dp_field;

typedef struct dp_record {
    int32_t op; /* index of the operator, for names and times */
    int32_t block;
    int32_t priority;     /* larger = nearer to the critical path; 0 ... max_priority */
    float cost;           /* estimated seconds */
    int64_t access_begin; /* accesses [access_begin, access_begin + n_access) */
    int32_t n_access;
} dp_record;

typedef struct dp_stream {
    int32_t n_fields;
    dp_field *fields;
    int64_t n_records;
    dp_record *records;
    int64_t n_accesses;
    int32_t *access_field; /* index of the field; a field appears at most once per record */
    uint8_t *access_mode;  /* dp_access */
    int32_t max_priority;
    int n_ops;                   /* operators' indices are below this */
    const char *const *op_names; /* n_ops */

    /* Runs record i. buffers[a]: where the record's a-th field lies, as the executor has it.
     * worker: 0 ... n_workers - 1, no two records run at once under one worker of one stream. */
    dagpole_status (*body)(void *argument, int64_t record, void *const *buffers, int worker);
    void *argument;
} dp_stream;

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

/* Checks that fields, modes and ranges are sound and that no record names a field twice. */
dagpole_status dp_stream_check(const dp_stream *stream);

#endif

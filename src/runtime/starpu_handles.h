/* The fields of a stream as StarPU's data: a handle each, and the accesses of the records as lists
 * of handles and modes. */
#ifndef DP_RUNTIME_STARPU_HANDLES_H
#define DP_RUNTIME_STARPU_HANDLES_H

#include <starpu.h>
#include <stdatomic.h>

#include "stream/stream.h"

/* Which memory nodes hold a field's last contents, a bit each. */
enum { DP_NODE_WORDS = (STARPU_MAXNODES + 63) / 64 };
typedef struct dp_copies {
    _Atomic uint64_t node[DP_NODE_WORDS];
} dp_copies;

typedef struct dp_handles {
    const dp_stream *stream;
    starpu_data_handle_t *of_field;      /* NULL where the field has no bytes */
    int *home;                           /* per field: the memory node where it lies */
    dp_copies *copies;                   /* per field; NULL where StarPU knows one node only */
    int64_t *begin;                      /* n_records + 1: a record's part of the next three */
    int32_t *access;                     /* by number within the record: those with bytes, ascending
                                            by handle */
    starpu_data_handle_t *of_access;     /* in that order */
    enum starpu_data_access_mode *modes; /* the same */
    int is_partial;                      /* the modes are for runs that leave out steps */
} dp_handles;

/* Registers the fields, each with the memory node where it lies. NO_MEMORY. */
dagpole_status dp_handles_create(const dp_stream *stream, dp_handles *handles);

/* Ends the registration: each field's memory holds its last contents then. Without effect on
 * handles that are all zero. */
void dp_handles_destroy(dp_handles *handles);

/* In a process that StarPU has not followed: frees what is ours. */
void dp_handles_forget(dp_handles *handles);

/* Names the record's fields in a task that was just initialised; StarPU wants that before any
 * dependency is declared. */
void dp_handles_attach(const dp_handles *handles, int64_t record, struct starpu_task *task);

/* Sets the modes for runs that leave out steps of records, or for runs of all. StarPU must be done
 * with the tasks, which then name their fields anew. */
void dp_handles_set_modes(dp_handles *handles, int is_partial);

/* For a task that StarPU has released, before it is submitted again: submission allocates an array
 * where there are many handles, and StarPU frees the last one alone. n_handles is 0 for a run in
 * which the record touches nothing. */
void dp_handles_renew(struct starpu_task *task, int64_t n_handles);

/* Before a task is cleaned: StarPU would free arrays that are not its own. */
void dp_handles_detach(struct starpu_task *task);

static inline int64_t dp_handles_count(const dp_handles *handles, int64_t record) {
    return handles->begin[record + 1] - handles->begin[record];
}

/* Where the record's fields lie for the body that StarPU gave these interfaces. */
void dp_handles_buffers(const dp_handles *handles, int64_t record, void **interfaces,
                        void **buffers);

/* The bytes that were copied to the memory node for the record that is about to run there. What
 * StarPU copies ahead counts where it is used. */
int64_t dp_handles_copied(dp_handles *handles, int64_t record, unsigned node);

/* Brings the field home, where no task runs. READ_WRITE: copies elsewhere count for nothing, since
 * the caller is going to write. RUNTIME. */
dagpole_status dp_handles_fetch(dp_handles *handles, int32_t field, dp_access mode);

#endif

/* A task while it is planned: one operator on one block. */
#ifndef DP_OPS_TASK_H
#define DP_OPS_TASK_H

#include "layout/layout.h"
#include "stream/stream.h"

/* Which fields the task at hand has named, for whoever plans tasks one after the other. */
typedef struct dp_named {
    int64_t *task;  /* per field: 1 + the task that named it last */
    int32_t *index; /* per field: its index in that task */
    int64_t *box;   /* per box: 1 + the last task that reads its part of a field; NULL: parts do not
                       count */
} dp_named;

typedef struct dp_task {
    int op;
    int32_t block;
    void *work; /* what run() needs; NULL: the operator has nothing to do for the block */
    size_t work_bytes;
    double cost;  /* seconds */
    double pairs; /* of points, or of points and surface points, that it sums over for each vector;
                     a pair that is computed for both sides counts twice */
    double flops; /* of its matrices for each vector, two an entry and column, without padding */
    int32_t n_accesses, capacity;
    int32_t *field; /* per access */
    uint8_t *mode;  /* dp_access */
    int64_t
        *bytes; /* what the task reads of the field, or DP_WHOLE; NULL where parts do not count */
    int64_t number; /* for `named` */
    dp_named *named;
    dagpole_status status; /* NO_MEMORY once there was no room for an access or for less work */
} dp_task;

enum { DP_WHOLE = -1 };

/* Names a field: returns its index among the task's fields, which is where run() finds it. A field
 * that was named before keeps its mode. DP_NO_FIELD for DP_NO_FIELD. */
int32_t dp_task_access(dp_task *task, int32_t field, dp_access mode);

/* The same for a field of which the task reads a part: so many bytes, those of a box counted once.
 * DP_NO_BOX: the part is no box's. A field that was named as a whole stays whole. Boxes are marked
 * for all quantities at once: a task reads parts of one quantity, and names whole fields before. */
int32_t dp_task_read(dp_task *task, int32_t field, int32_t box, size_t bytes);

/* Counts the sums between n points and a surface: their pairs and what they cost. */
void dp_task_add_pairs(dp_task *task, const dp_problem *problem, double n_points,
                       const dp_surface_sums *surface);

/* Counts the matrices between the sums on a surface and n expansions: their flops and what they
 * cost. */
void dp_task_add_matrices(dp_task *task, const dp_problem *problem, double n,
                          const dp_operator_set *set, const dp_surface_sums *surface);

/* Memory of the task's work, zeros; NULL where there is none. */
void *dp_task_work(dp_task *task, size_t bytes);

/* Gives back what of it is not used. */
void dp_task_trim(dp_task *task, size_t bytes);

void dp_task_free(dp_task *task);

#endif

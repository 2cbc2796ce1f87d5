/* Memory of the fields, and the coordinates in it. The fields of a NUMA node lie in one array,
 * block after block, so that they share huge pages (base/memory.h). It is bound to its node, and
 * its pages hold nothing else; a machine with one node has one array, which nothing binds. */
#ifndef DP_LAYOUT_MEMORY_H
#define DP_LAYOUT_MEMORY_H

#include "layout/layout.h"
#include "stream/stream.h"

typedef struct dp_memory {
    dp_field *fields; /* layout->n_fields */
    int n_arenas;
    void *arena[DP_MOST_NODES];
} dp_memory;

/* Fields with their sizes and homes and without memory, for looking at a layout that is not run.
 * The caller frees it, also after a failure. NO_MEMORY. */
dagpole_status dp_memory_outline(const dp_layout *layout, dp_memory *memory);

/* The caller frees it, also after a failure. The workers touch the coordinates first; all else is
 * first written by a task. */
dagpole_status dp_memory_create(const dp_team *team, const dp_layout *layout, dp_memory *memory);
/* Bytes of all fields, and of those whose first page lies on their node as the system tells.
 * (Pages behind it may never be touched, such as those of gradients that nobody asks for.)
 * NO_MEMORY. */
dagpole_status dp_memory_at_home(const dp_memory *memory, int32_t n_fields, int64_t *bytes,
                                 int64_t *at_home);
void dp_memory_free(dp_memory *memory);

#endif

/* Memory of the fields, and the coordinates in it. All fields lie in one array, block after block,
 * so that they share huge pages (base/memory.h). */
#ifndef DP_LAYOUT_MEMORY_H
#define DP_LAYOUT_MEMORY_H

#include "layout/layout.h"
#include "stream/stream.h"

/* fields: layout->n_fields; arena: the array that they lie in. The caller frees both, also after a
 * failure. The workers touch the coordinates first; all else is first written by a task. */
dagpole_status dp_memory_create(const dp_team *team, const dp_layout *layout, dp_field **fields,
                                void **arena);

#endif

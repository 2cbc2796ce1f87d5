/* Cuts a range into chunks for a team. What is computed must not depend on the cut. */
#ifndef DP_GEOMETRY_CHUNK_H
#define DP_GEOMETRY_CHUNK_H

#include "base/team.h"

#define DP_MAX_CHUNKS 256

typedef dagpole_status (*dp_chunk_body)(void *argument, int64_t chunk, int64_t begin, int64_t end);

/* How many chunks of at least `grain` elements suit this team: 1 ... DP_MAX_CHUNKS, a few per
 * worker so that uneven ones even out. */
int64_t dp_chunk_count(const dp_team *team, int64_t n, int64_t grain);

/* Runs body on the n_chunks pieces of [0, n), in the calling thread where there is only one. */
dagpole_status dp_chunk_run(const dp_team *team, int64_t n, int64_t n_chunks, dp_chunk_body body,
                            void *argument);

/* Both at once, for bodies that need no chunk-private memory. */
dagpole_status dp_chunk_for(const dp_team *team, int64_t n, int64_t grain, dp_chunk_body body,
                            void *argument);

#endif

#include "geometry/chunk.h"

#define CHUNKS_PER_WORKER 4

typedef struct call {
    int64_t n, n_chunks;
    dp_chunk_body body;
    void *argument;
} call;

static dagpole_status run_chunk(void *argument, int64_t i) {
    const call *c = argument;
    return c->body(c->argument, i, c->n * i / c->n_chunks, c->n * (i + 1) / c->n_chunks);
}

int64_t dp_chunk_count(const dp_team *team, int64_t n, int64_t grain) {
    int64_t count = n / grain;
    int64_t most = team->size > 1 ? (int64_t)team->size * CHUNKS_PER_WORKER : 1;
    if (most > DP_MAX_CHUNKS)
        most = DP_MAX_CHUNKS;
    if (count > most)
        count = most;
    return count > 1 ? count : 1;
}

dagpole_status dp_chunk_run(const dp_team *team, int64_t n, int64_t n_chunks, dp_chunk_body body,
                            void *argument) {
    if (n_chunks == 1)
        return body(argument, 0, 0, n);
    call c = {n, n_chunks, body, argument};
    return team->run(team, n_chunks, run_chunk, &c);
}

dagpole_status dp_chunk_for(const dp_team *team, int64_t n, int64_t grain, dp_chunk_body body,
                            void *argument) {
    return dp_chunk_run(team, n, dp_chunk_count(team, n, grain), body, argument);
}

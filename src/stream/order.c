#include "stream/stream.h"

/* The records of each home, in the order of the stream; leaves n_taken as it was, zero. */
static void list_records(const dp_stream *stream, int64_t *n_taken, dp_csr *homes) {
    for (int64_t i = 0; i < stream->n_records; i++) {
        int64_t home = stream->records[i].node + 1;
        homes->index[homes->offset[home] + n_taken[home]++] = (int32_t)i;
    }
    for (int64_t h = 0; h < homes->n_rows; h++)
        n_taken[h] = 0;
}

/* The home that has the smallest share of its records behind it, -1 where none is left. */
static int64_t next_home(const dp_csr *homes, const int64_t *n_taken) {
    int64_t next = -1;
    double least = 1;
    for (int64_t h = 0; h < homes->n_rows; h++) {
        int64_t n = dp_csr_length(homes, h);
        double behind = n ? ((double)n_taken[h] + 0.5) / (double)n : 1;
        if (behind < least) {
            least = behind;
            next = h;
        }
    }
    return next;
}

static void take_in_turn(const dp_csr *homes, int64_t *n_taken, int32_t *order) {
    int64_t home;
    for (int64_t n = 0; (home = next_home(homes, n_taken)) >= 0; n++)
        order[n] = homes->index[homes->offset[home] + n_taken[home]++];
}

static int most_node(const dp_stream *stream) {
    int most = -1;
    for (int64_t i = 0; i < stream->n_records; i++)
        most = most < stream->records[i].node ? stream->records[i].node : most;
    return most;
}

dagpole_status dp_stream_order(const dp_stream *stream, int32_t *order) {
    int64_t n_homes = most_node(stream) + 2; /* with "anywhere" as the first */
    dp_csr homes;
    DP_TRY(dp_csr_begin(n_homes, &homes));
    for (int64_t i = 0; i < stream->n_records; i++)
        homes.offset[stream->records[i].node + 2]++;
    dagpole_status status = dp_csr_end(0, &homes);
    int64_t *n_taken = dp_alloc_zero((size_t)n_homes, sizeof *n_taken);
    if (!n_taken)
        status = DAGPOLE_NO_MEMORY;
    if (status == DAGPOLE_OK) {
        list_records(stream, n_taken, &homes);
        take_in_turn(&homes, n_taken, order);
    }
    dp_free(n_taken);
    dp_csr_free(&homes);
    return status;
}

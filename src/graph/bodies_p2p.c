/* P2P: the near pairs of a block's leaves. */
#include <math.h>
#include <string.h>

#include "graph/bodies.h"

/* The sums of one slice of a leaf's targets with all that is near. */
typedef struct slice {
    const dp_graph *g;
    const dp_block *block;
    dp_worker *worker;
    int is_mutual;
} slice;

static dp_near near_of(const slice *s, dp_strip *sources) {
    return (dp_near){.lambda = s->g->in.lambda,
                     .least = s->g->in.least,
                     .has_gradient = s->g->call.gradients != NULL,
                     .is_mutual = s->is_mutual,
                     .targets = &s->worker->targets,
                     .sources = sources};
}

static void sum(const slice *s, dp_strip *sources) {
    dp_near near = near_of(s, sources);
    s->g->in.kernel->near[s->g->in.precision][s->g->in.isa](&near);
}

static int is_single(const dp_graph *g) {
    return g->in.precision == DP_SINGLE || g->in.precision == DP_ROUGH;
}

static void flush(slice *s) {
    dp_strip *sources = &s->worker->sources;
    if (sources->n) {
        dp_strip_end(sources, s->g->call.gradients != NULL);
        sum(s, sources);
        dp_strip_take(sources);
    }
    dp_strip_begin(sources, is_single(s->g), &s->worker->targets.frame);
}

static dp_sums sums_from(dp_sums out, int64_t i) {
    if (!out.gx)
        return (dp_sums){.potential = out.potential + i};
    return (dp_sums){out.potential + i, out.gx + i, out.gy + i, out.gz + i};
}

static void add_sources(slice *s, dp_sources from, dp_sums out) {
    dp_strip *strip = &s->worker->sources;
    for (int64_t i = 0; i < from.n;) {
        if (!dp_strip_room(strip))
            flush(s);
        int64_t left = from.n - i, room = dp_strip_room(strip);
        int n = (int)(left < room ? left : room);
        dp_strip_add(strip, n, dp_soa_from(from.points, i), from.charges + i,
                     s->is_mutual ? sums_from(out, i) : (dp_sums){0});
        i += n;
    }
}

/* Where the halo of the block holds the sums of a leaf. */
static dp_sums halo_sums(const slice *s, int32_t leaf) {
    const dp_graph *g = s->g;
    int64_t b = s->block - g->blocks, begin = g->halo.offset[b], end = g->halo.offset[b + 1];
    while (end - begin > 1) {
        int64_t middle = begin + (end - begin) / 2;
        if (g->halo.index[middle] <= leaf)
            begin = middle;
        else
            end = middle;
    }
    int64_t row = s->block->halo_row;
    double *x = (double *)dp_where(s->worker, s->block, DP_HALO) + g->halo_at[begin];
    return dp_sums_in(g, x, row);
}

static dp_sums sums_of_source(const slice *s, int32_t leaf) {
    if (!s->is_mutual)
        return (dp_sums){0};
    if (leaf >= s->block->box_end)
        return halo_sums(s, leaf);
    return dp_sums_of(s->g, leaf, s->worker);
}

/* Leaves are short: they end before the processor has found out that it meets a row. */
static void fetch_rows(dp_sources next) {
    const double *rows[] = {next.points.x, next.points.y, next.points.z, next.charges};
    for (int k = 0; k < 4; k++)
        for (int64_t i = 0; i < next.n; i += 8)
            __builtin_prefetch(rows[k] + i);
}

/* Leaves of a block that follow one another in a near list lie one behind the other in memory, in
 * halos as well: they are packed as one run. */
static void add_near(slice *s, int64_t i, int64_t end) {
    const dp_graph *g = s->g;
    const int32_t *near = g->near.index;
    while (i < end) {
        int32_t first = near[i++], leaf = first;
        dp_sources from = dp_sources_of(g, first, s->worker);
        while (i < end && near[i] == leaf + 1 && g->block_of[leaf + 1] == g->block_of[leaf]) {
            leaf = near[i++];
            from.n += dp_n_sources(g->in.tree, leaf);
        }
        if (i < end)
            fetch_rows(dp_sources_of(g, near[i], s->worker));
        add_sources(s, from, sums_of_source(s, first));
    }
}

static int64_t behind(const dp_csr *near, int32_t leaf) {
    int64_t i = near->offset[leaf];
    while (i < near->offset[leaf + 1] && near->index[i] <= leaf)
        i++;
    return i;
}

/* The frame of a leaf, and a unit that holds every charge around it. */
static dp_strip_frame frame_of(const slice *s, int32_t leaf) {
    const dp_graph *g = s->g;
    dp_frame box = dp_frame_of(g->in.tree, leaf);
    double largest = s->is_mutual ? *dp_largest_charge(s->block, s->worker) : 0;
    for (int64_t i = g->near.offset[leaf]; i < g->near.offset[leaf + 1]; i++) {
        int32_t near = g->near.index[i];
        if (!s->is_mutual || near > leaf)
            largest = fmax(largest, *dp_largest_charge(&g->blocks[g->block_of[near]], s->worker));
    }
    dp_strip_frame frame = {.half = box.half, .charge_unit = dp_strip_charge_unit(largest)};
    memcpy(frame.centre, box.centre, sizeof frame.centre);
    return frame;
}

/* Where the sources are the targets, a leaf meets itself and what comes after it, both sides at
 * once; what came before has met it. */
static void sum_slice(slice *s, int32_t leaf, int64_t begin, int n) {
    const dp_graph *g = s->g;
    dp_targets t = dp_targets_of(g, leaf, s->worker);
    dp_sources own = s->is_mutual ? dp_sources_of(g, leaf, s->worker) : (dp_sources){0};
    dp_strip_frame frame = frame_of(s, leaf);
    dp_strip *targets = &s->worker->targets;
    /* Of targets alone the charges count for nothing: any will do. */
    const double *charges = s->is_mutual ? own.charges + begin : t.points.x + begin;
    dp_strip_begin(targets, is_single(g), &frame);
    dp_strip_add(targets, n, dp_soa_from(t.points, begin), charges, sums_from(t.sums, begin));
    dp_strip_end(targets, g->call.gradients != NULL);
    dp_strip_begin(&s->worker->sources, is_single(g), &frame);
    if (s->is_mutual) {
        sum(s, targets);
        int64_t rest = begin + n;
        own = (dp_sources){own.n - rest, dp_soa_from(own.points, rest), own.charges + rest};
        add_sources(s, own, sums_from(t.sums, rest));
        add_near(s, behind(&g->near, leaf), g->near.offset[leaf + 1]);
    } else
        add_near(s, g->near.offset[leaf], g->near.offset[leaf + 1]);
    flush(s);
    dp_strip_take(targets);
}

static void zero(double *sums, int64_t row, const dp_graph *g) {
    memset(sums, 0, (g->call.gradients ? 4 : 1) * (size_t)row * sizeof *sums);
}

/* The first to write the block's sums: sets them to zero. */
dagpole_status dp_body_p2p(const dp_graph *g, const dp_block *block, int is_first,
                           dp_worker *worker) {
    slice s = {.g = g, .block = block, .worker = worker, .is_mutual = dp_graph_is_mutual(g)};
    (void)is_first;
    zero(dp_where(worker, block, DP_TARGETS), block->target_row, g);
    if (block->field[DP_HALO] >= 0)
        zero(dp_where(worker, block, DP_HALO), block->halo_row, g);
    for (int32_t box = block->box_begin; box < block->box_end; box++) {
        if (g->near.offset[box] == g->near.offset[box + 1])
            continue;
        int64_t n = dp_n_targets(g->in.tree, box);
        for (int64_t i = 0; i < n; i += DP_STRIP)
            sum_slice(&s, box, i, (int)(n - i < DP_STRIP ? n - i : DP_STRIP));
    }
    return DAGPOLE_OK;
}

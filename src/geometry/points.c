#include "geometry/points.h"

#include <math.h>
#include <stdlib.h>

#include "geometry/chunk.h"
#include "geometry/keys.h"
#include "geometry/sort.h"

#define GRAIN    8192
#define PREFETCH 16 /* points ahead: the gather jumps about in the caller's array */

typedef struct build {
    const dp_cube *cube;
    const double *given;
    dp_points *all;                      /* every given point, copies included, in Morton order */
    dp_points *merged;                   /* unique positions */
    int64_t n_unique[DP_MAX_CHUNKS + 1]; /* per chunk, then the sum over the chunks before it */
    int has_tiny[DP_MAX_CHUNKS];
} build;

static void scaled_position(const build *b, int64_t i, double position[3]) {
    for (int d = 0; d < 3; d++)
        position[d] = dp_cube_scale(b->cube, b->given[3 * i + d]);
}

/* Coarse keys are sorted before positions are there, in whose memory they lie. */
static uint64_t *coarse_keys(const dp_points *points) {
    return (uint64_t *)points->z;
}

static dagpole_status make_coarse_keys(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        double position[3];
        scaled_position(b, i, position);
        coarse_keys(b->all)[i] = dp_morton_coarse_of_point(b->cube, position);
        b->all->origin[i] = i;
    }
    return DAGPOLE_OK;
}

static int is_tiny(double x) {
    return (x != 0) & (fabs(x) < DP_TINY_COORDINATE);
}

static dagpole_status gather_positions(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    build *b = argument;
    int has_tiny = 0;
    for (int64_t i = begin; i < end; i++) {
        double position[3];
        if (i + PREFETCH < end)
            __builtin_prefetch(b->given + 3 * b->all->origin[i + PREFETCH]);
        scaled_position(b, b->all->origin[i], position);
        b->all->key[i] = dp_morton_of_point(b->cube, position);
        b->all->x[i] = position[0];
        b->all->y[i] = position[1];
        b->all->z[i] = position[2];
        has_tiny |= is_tiny(position[0]) | is_tiny(position[1]) | is_tiny(position[2]);
    }
    b->has_tiny[chunk] = has_tiny;
    return DAGPOLE_OK;
}

typedef struct placed {
    dp_key key;
    double position[3];
    int64_t origin;
} placed;

static int compare_placed(const void *left, const void *right) {
    const placed *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    for (int d = 0; d < 3; d++)
        if (a->position[d] != b->position[d])
            return a->position[d] < b->position[d] ? -1 : 1;
    return (a->origin > b->origin) - (a->origin < b->origin);
}

static placed placed_at(const dp_points *points, int64_t i) {
    return (placed){points->key[i], {points->x[i], points->y[i], points->z[i]}, points->origin[i]};
}

/* Coincident points arrive in order, the sort by coarse key being stable: only a run of distinct
 * positions in one of the finest of its boxes pays for a sort. */
static dagpole_status order_run(dp_points *points, int64_t begin, int64_t end) {
    int64_t i = begin + 1;
    for (placed before = placed_at(points, begin); i < end; i++) {
        placed here = placed_at(points, i);
        if (compare_placed(&before, &here) > 0)
            break;
        before = here;
    }
    if (i >= end)
        return DAGPOLE_OK;
    placed *run = dp_alloc((size_t)(end - begin), sizeof *run);
    if (!run)
        return DAGPOLE_NO_MEMORY;
    for (i = begin; i < end; i++)
        run[i - begin] = placed_at(points, i);
    qsort(run, (size_t)(end - begin), sizeof *run, compare_placed);
    for (i = begin; i < end; i++) {
        points->key[i] = run[i - begin].key;
        points->x[i] = run[i - begin].position[0];
        points->y[i] = run[i - begin].position[1];
        points->z[i] = run[i - begin].position[2];
        points->origin[i] = run[i - begin].origin;
    }
    dp_free(run);
    return DAGPOLE_OK;
}

static dp_key coarse_key(const dp_points *points, int64_t i) {
    return dp_key_prefix(points->key[i], DP_COARSE_DEPTH);
}

/* A run of equal coarse keys belongs to the chunk in which it begins, and may end beyond it. */
static dagpole_status order_runs(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    dp_points *points = ((const build *)argument)->all;
    (void)chunk;
    while (begin > 0 && begin < end && coarse_key(points, begin) == coarse_key(points, begin - 1))
        begin++;
    while (begin < end) {
        int64_t run_end = begin + 1;
        while (run_end < points->n && coarse_key(points, run_end) == coarse_key(points, begin))
            run_end++;
        if (run_end - begin > 1)
            DP_TRY(order_run(points, begin, run_end));
        begin = run_end;
    }
    return DAGPOLE_OK;
}

static int is_new_position(const dp_points *p, int64_t i) {
    return i == 0 || p->key[i] != p->key[i - 1] || p->x[i] != p->x[i - 1] ||
           p->y[i] != p->y[i - 1] || p->z[i] != p->z[i - 1];
}

static dagpole_status count_unique(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    build *b = argument;
    int64_t n_unique = 0;
    for (int64_t i = begin; i < end; i++)
        n_unique += is_new_position(b->all, i);
    b->n_unique[chunk] = n_unique;
    return DAGPOLE_OK;
}

static dagpole_status merge_copies(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    const dp_points *all = b->all;
    int64_t to = b->n_unique[chunk];
    for (int64_t i = begin; i < end; i++)
        if (is_new_position(all, i)) {
            b->merged->x[to] = all->x[i];
            b->merged->y[to] = all->y[i];
            b->merged->z[to] = all->z[i];
            b->merged->key[to] = all->key[i];
            b->merged->origin_begin[to++] = i;
        }
    return DAGPOLE_OK;
}

static dagpole_status alloc_positions(dp_points *points, int64_t n) {
    points->n = n;
    points->x = dp_alloc((size_t)n, sizeof(double));
    points->y = dp_alloc((size_t)n, sizeof(double));
    points->z = dp_alloc((size_t)n, sizeof(double));
    points->key = dp_alloc((size_t)n, sizeof *points->key);
    int has_all = points->x && points->y && points->z && points->key;
    return has_all ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status order_all(const dp_team *team, build *b, int64_t n) {
    DP_TRY(alloc_positions(b->all, n));
    b->all->n_given = n;
    b->all->origin = dp_alloc((size_t)n, sizeof(int64_t));
    if (!b->all->origin)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_chunk_for(team, n, GRAIN, make_coarse_keys, b));
    DP_TRY(dp_sort_within(team, n, coarse_keys(b->all), b->all->origin, (uint64_t *)b->all->x,
                          (int64_t *)b->all->y));
    DP_TRY(dp_chunk_for(team, n, GRAIN, gather_positions, b));
    for (int chunk = 0; chunk < DP_MAX_CHUNKS; chunk++)
        b->all->has_tiny |= b->has_tiny[chunk];
    return dp_chunk_for(team, n, GRAIN, order_runs, b);
}

/* Leaves merged empty where no two positions coincide. */
static dagpole_status merge_all(const dp_team *team, build *b) {
    int64_t n = b->all->n, n_chunks = dp_chunk_count(team, n, GRAIN), n_unique = 0;
    DP_TRY(dp_chunk_run(team, n, n_chunks, count_unique, b));
    for (int64_t chunk = 0; chunk < n_chunks; chunk++) {
        int64_t count = b->n_unique[chunk];
        b->n_unique[chunk] = n_unique;
        n_unique += count;
    }
    if (n_unique == n)
        return DAGPOLE_OK;
    DP_TRY(alloc_positions(b->merged, n_unique));
    b->merged->origin_begin = dp_alloc((size_t)n_unique + 1, sizeof(int64_t));
    if (!b->merged->origin_begin)
        return DAGPOLE_NO_MEMORY;
    b->merged->origin_begin[n_unique] = n;
    return dp_chunk_run(team, n, n_chunks, merge_copies, b);
}

dagpole_status dp_points_build(const dp_team *team, const dp_cube *cube, int64_t n,
                               const double *points, dp_points *out) {
    dp_points all = {0}, merged = {0};
    build b = {.cube = cube, .given = points, .all = &all, .merged = &merged};
    dagpole_status status = order_all(team, &b, n);
    if (status == DAGPOLE_OK)
        status = merge_all(team, &b);
    if (status == DAGPOLE_OK && merged.origin_begin) {
        merged.n_given = n;
        merged.has_tiny = all.has_tiny;
        merged.origin = all.origin;
        all.origin = NULL;
        *out = merged;
        merged = (dp_points){0};
    } else if (status == DAGPOLE_OK) {
        *out = all;
        all = (dp_points){0};
    }
    dp_points_free(&merged);
    dp_points_free(&all);
    return status;
}

void dp_points_forget_keys(dp_points *points) {
    dp_free(points->key);
    points->key = NULL;
}

dagpole_status dp_points_make_keys(const dp_cube *cube, dp_points *points) {
    points->key = dp_alloc((size_t)points->n, sizeof *points->key);
    if (!points->key)
        return DAGPOLE_NO_MEMORY;
    for (int64_t i = 0; i < points->n; i++) {
        const double position[3] = {points->x[i], points->y[i], points->z[i]};
        points->key[i] = dp_morton_of_point(cube, position);
    }
    return DAGPOLE_OK;
}

void dp_points_free(dp_points *points) {
    dp_free(points->x);
    dp_free(points->y);
    dp_free(points->z);
    dp_free(points->key);
    dp_free(points->origin);
    dp_free(points->origin_begin);
    *points = (dp_points){0};
}

int64_t dp_points_bytes(const dp_points *points) {
    int64_t n_begins = points->origin_begin ? points->n + 1 : 0;
    size_t key_bytes = points->key ? sizeof *points->key : 0;
    return points->n * (int64_t)(3 * sizeof(double) + key_bytes) +
           (points->n_given + n_begins) * (int64_t)sizeof(int64_t);
}

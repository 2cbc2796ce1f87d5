#include "model/probes.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

#define N_SAMPLE 16384 /* points whose keys are sorted */
#define COARSE   4     /* level down to which they are counted once for each box */

/* From so many keys on a box's own number is believed, and the mean of boxes that touch. */
#define LEAST_COUNT 16
#define LEAST_MEAN  4

#define DENSE 4 /* times as many points as the box beside it */

typedef struct sample {
    int64_t n;
    double points_per_key;
    int64_t first[(1 << 3 * COARSE) + 1]; /* key in each box of the level COARSE, or behind it */
    dp_key key[N_SAMPLE];                 /* in order */
} sample;

/* A run of the points, sources first. */
typedef struct range {
    int64_t begin, end;
} range;

static const double *point(const dp_probed *points, int64_t i) {
    return i < points->n_sources ? points->sources + 3 * i
                                 : points->targets + 3 * (i - points->n_sources);
}

static dagpole_status draw(const dp_probed *points, const dp_cube *cube, range all, sample *s) {
    int64_t n = all.end - all.begin;
    s->n = n < N_SAMPLE ? n : N_SAMPLE;
    s->points_per_key = (double)n / (double)s->n;
    for (int64_t i = 0; i < s->n; i++) {
        const double *at = point(points, all.begin + (int64_t)((double)i * s->points_per_key));
        double scaled[3];
        for (int d = 0; d < 3; d++)
            scaled[d] = dp_cube_scale(cube, at[d]);
        s->key[i] = dp_morton_of_point(cube, scaled);
    }
    return dp_key_sort(s->n, s->key);
}

static void count_coarse_boxes(sample *s) {
    int64_t i = 0;
    for (int box = 0; box <= 1 << 3 * COARSE; box++) {
        while (i < s->n && dp_key_prefix(s->key[i], COARSE) < (dp_key)box)
            i++;
        s->first[box] = i;
    }
}

static int64_t count_in_box(const sample *s, int level, dp_key box) {
    if (level <= COARSE) {
        int shift = 3 * (COARSE - level);
        return s->first[(box + 1) << shift] - s->first[box << shift];
    }
    dp_key coarse = box >> 3 * (level - COARSE);
    int64_t begin = s->first[coarse];
    return dp_key_count(s->first[coarse + 1] - begin, s->key + begin, level, box);
}

static double points_in(const sample *s, int level, const uint64_t at[3]) {
    return (double)count_in_box(s, level, dp_morton_encode(at)) * s->points_per_key;
}

/* Points in the fullest child of `fullest` that touches the box at `at`. */
static double count_beside(const sample *s, int level, const uint64_t at[3],
                           const uint64_t fullest[3]) {
    double most = 0;
    for (unsigned octant = 0; octant < 8 && level < DP_MAX_DEPTH; octant++) {
        uint64_t child[3];
        int touches = 1;
        for (int d = 0; d < 3; d++) {
            child[d] = 2 * fullest[d] + (octant >> d & 1);
            touches &= child[d] + 1 >= 2 * at[d] && child[d] <= 2 * at[d] + 2;
        }
        if (touches)
            most = fmax(most, points_in(s, level + 1, child));
    }
    return most;
}

/* Of the box of a level that holds the i-th key. */
static dp_surroundings count_around(const sample *s, int64_t i, int level) {
    const uint64_t n_boxes = UINT64_C(1) << level;
    uint64_t at[3], other[3], fullest[3] = {0};
    double most = 0;
    dp_morton_decode(dp_key_prefix(s->key[i], level), at);
    dp_surroundings around = {.n = points_in(s, level, at)};
    for (int direction = 0; direction < 27; direction++) {
        other[0] = at[0] + (uint64_t)(direction / 9) - 1; /* -1 is no less than n_boxes */
        other[1] = at[1] + (uint64_t)(direction / 3 % 3) - 1;
        other[2] = at[2] + (uint64_t)(direction % 3) - 1;
        if (other[0] >= n_boxes || other[1] >= n_boxes || other[2] >= n_boxes)
            continue;
        double n = points_in(s, level, other);
        int is_dense = n > DENSE * around.n;
        around.boxes += n > 0;
        around.points += n;
        around.dense_boxes += is_dense;
        around.dense_points += is_dense ? n : 0;
        if (n > most) {
            most = n;
            memcpy(fullest, other, sizeof fullest);
        }
    }
    around.beside = count_beside(s, level, at, fullest);
    return around;
}

/* Counts as deep as the sample tells. Where it is thin, a box holds what those around it do in the
 * mean. Down to the level `shared` the box is that of another probe. */
static void count_levels(const sample *s, int64_t i, int shared, const dp_probe *other,
                         dp_probe *p) {
    for (int level = 0; level <= DP_MAX_DEPTH; level++) {
        dp_surroundings *around = &p->level[level];
        *around = level <= shared ? other->level[level] : count_around(s, i, level);
        double mean = dp_mean_points(around);
        if (level > 0 && mean < LEAST_MEAN * s->points_per_key)
            return;
        if (mean < LEAST_COUNT * s->points_per_key && s->points_per_key > 1)
            around->n = fmin(mean, p->level[level - 1].n);
        p->known = level;
    }
}

/* What is left of a cloud at its edge makes that of a box, or that of the boxes around it, too
 * small. */
static double local_dimension(const dp_probe *p) {
    if (p->known < 2)
        return 3;
    const dp_surroundings *last = &p->level[p->known];
    double of_box = 0.5 * log2(last[-2].n / last->n),
           of_boxes = log2(last[-1].points / last->points);
    return fmin(fmax(fmax(of_box, of_boxes), 0.5), 3);
}

/* Deeper than the sample tells, the share of boxes that are missing around one halves. Surfaces are
 * not aligned with boxes. */
static void guess_levels(dp_probe *p) {
    double all = pow(3, fmin(3, p->dimension + 0.2));
    for (int level = p->known + 1; level <= DP_MAX_DEPTH; level++) {
        const dp_surroundings *parent = &p->level[level - 1];
        double n = parent->n * exp2(-p->dimension), boxes = 0.5 * (all + parent->boxes);
        p->level[level] = (dp_surroundings){.n = n, .boxes = boxes, .points = boxes * n};
    }
}

/* At the i-th key; `other` is a probe at the j-th, or NULL. */
static dp_probe look_up(const sample *s, int64_t i, int64_t j, const dp_probe *other) {
    dp_probe p = {.last_sources = DP_MAX_DEPTH, .last_targets = DP_MAX_DEPTH};
    int shared = other ? dp_key_common_level(s->key[i], s->key[j]) : -1;
    if (other && shared > other->known)
        shared = other->known;
    count_levels(s, i, shared, other, &p);
    p.dimension = local_dimension(&p);
    guess_levels(&p);
    return p;
}

/* The deepest level on which one of the keys lies around this one, -1 where there are none. */
static int last_level(const sample *s, dp_key at) {
    int level = -1;
    while (level < DP_MAX_DEPTH &&
           dp_key_is_around(s->n, s->key, level + 1, dp_key_prefix(at, level + 1)))
        level++;
    return level;
}

/* Where sources and targets are not the same: down to which level both lie around the probes, whose
 * keys are these. The sample gives way to one of either kind. */
static dagpole_status look_apart(const dp_probed *points, const dp_cube *cube, int n_probes,
                                 const dp_key *at, sample *s, dp_probe *probes) {
    range sources = {0, points->n_sources},
          targets = {points->n_sources, points->n_sources + points->n_targets};
    DP_TRY(draw(points, cube, sources, s));
    for (int i = 0; i < n_probes; i++)
        probes[i].last_sources = last_level(s, at[i]);
    DP_TRY(draw(points, cube, targets, s));
    for (int i = 0; i < n_probes; i++)
        probes[i].last_targets = last_level(s, at[i]);
    return DAGPOLE_OK;
}

static dagpole_status take(const dp_probed *points, const dp_cube *cube, sample *s, int *n_probes,
                           dp_probe *probes) {
    dp_key at[DP_N_PROBES];
    DP_TRY(draw(points, cube, (range){0, points->n_sources + points->n_targets}, s));
    count_coarse_boxes(s);
    *n_probes = (int)(s->n < DP_N_PROBES ? s->n : DP_N_PROBES);
    for (int64_t p = 0, before = 0; p < *n_probes; p++) {
        int64_t i = p * s->n / *n_probes;
        probes[p] = look_up(s, i, before, p > 0 ? &probes[p - 1] : NULL);
        at[p] = s->key[i];
        before = i;
    }
    return points->n_targets ? look_apart(points, cube, *n_probes, at, s, probes) : DAGPOLE_OK;
}

dagpole_status dp_probes_take(const dp_probed *points, const dp_cube *cube, int *n_probes,
                              dp_probe probes[DP_N_PROBES]) {
    sample *s = dp_alloc(1, sizeof *s);
    dagpole_status status = s ? take(points, cube, s, n_probes, probes) : DAGPOLE_NO_MEMORY;
    dp_free(s);
    return status;
}

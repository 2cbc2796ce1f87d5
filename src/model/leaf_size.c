#include "model/leaf_size.h"

#include <math.h>

#include "base/memory.h"
#include "geometry/keys.h"
#include "geometry/offsets.h"

#define N_SAMPLE    16384 /* points whose keys are sorted */
#define N_PROBE     128   /* of those, where occupancies are looked up */
#define LEAST_COUNT 16    /* sampled points in a box that still tell its occupancy */
#define N_CUBES     5
#define SHORT_WAVES 40 /* radians along the side of the root cube */
#define LARGEST     5000
#define MUCH_DENSER 16 /* a parent's points over its child's: 8 in a uniform cloud */

/* Leaves of a direct sum: about so many where points lie close together, and in single precision,
 * whose frame is the leaf, none of many more points. Each leaf costs PACK_S a point of the cloud.
 */
#define N_PIECES     4
#define LEAST_PIECE  1024
#define LEAST_SINGLE 512
#define PACK_S       2e-9

/* A far field has to save this share of the direct sum to be worth its set-up. */
#define LEAST_GAIN 0.1

/* Most points of a cloud that is summed directly: what n_crit may be. */
#define MOST_DIRECT 100000

/* M2L matrices that come from the outer caches on a level before its blocks are large: each block
 * meets each of its positions once. */
#define N_FETCHED (16 * DP_N_FOLDED)

/* Expected number of points in the box of each level around a probe. */
typedef struct probe {
    double n[DP_MAX_DEPTH + 1];
    double dimension; /* local: 2^dimension is the ratio of a box's occupancy to its child's */
    /* deepest levels on which a source (a target) lies in the probe's box or one that touches it */
    int last_sources, last_targets;
} probe;

/* Of expansions of one length. */
typedef struct far_cost {
    double m2l_s, box_s;     /* one M2L pair; M2M, L2L and dense halves of P2M, L2P of a box */
    double point_s, fetch_s; /* P2M and L2P of a point; fetching an M2L matrix */
} far_cost;

typedef struct model {
    const dp_leaf_request *request;
    dp_cost cost, of_short_waves; /* with the precision of short waves' sums */
    double n_points, pair_share;  /* points of the union; share of its pairs that are summed */
    double radians;               /* of a wave along the side of the probes' root cube */
    far_cost far;                 /* where boxes see no wave */
    int is_single, n_probes;
    probe probes[N_PROBE];
} model;

/* A run of the points, sources first. */
typedef struct range {
    int64_t begin, end;
} range;

static int64_t sample_size(range all) {
    return all.end - all.begin < N_SAMPLE ? all.end - all.begin : N_SAMPLE;
}

/* The i-th point of a sample of m out of them. */
static const double *sampled(const dp_leaf_request *r, range all, int64_t i, int64_t m) {
    int64_t n = all.end - all.begin;
    int64_t at = all.begin + (int64_t)((double)i * ((double)n / (double)m));
    return at < r->n_sources ? r->sources + 3 * at : r->targets + 3 * (at - r->n_sources);
}

static dagpole_status sort_sample(const dp_leaf_request *r, const dp_cube *cube, range all,
                                  dp_key *key) {
    int64_t m = sample_size(all);
    for (int64_t i = 0; i < m; i++) {
        const double *point = sampled(r, all, i, m);
        double scaled[3];
        for (int d = 0; d < 3; d++)
            scaled[d] = dp_cube_scale(cube, point[d]);
        key[i] = dp_morton_of_point(cube, scaled);
    }
    return dp_key_sort(m, key);
}

/* Sampled points that share the first 3 level bits with key[i]. */
static int64_t count_around(const dp_key *key, int64_t m, int64_t i, int level) {
    int shift = 3 * (DP_MAX_DEPTH - level);
    int64_t low = i, high = i;
    for (int64_t step = 1; step > 0;) /* gallop down, then narrow */
        if (low - step >= 0 && key[low - step] >> shift == key[i] >> shift) {
            low -= step;
            step *= 2;
        } else
            step /= 2;
    for (int64_t step = 1; step > 0;)
        if (high + step < m && key[high + step] >> shift == key[i] >> shift) {
            high += step;
            step *= 2;
        } else
            step /= 2;
    return high - low + 1;
}

/* Counts where the sample is dense enough, below that by the local dimension. */
static probe look_up(const dp_key *key, int64_t m, int64_t i, double points_per_sample) {
    probe p = {.dimension = 3, .last_sources = DP_MAX_DEPTH, .last_targets = DP_MAX_DEPTH};
    int64_t count[DP_MAX_DEPTH + 1], known = 0;
    for (int level = 0; level <= DP_MAX_DEPTH; level++) {
        count[level] = count_around(key, m, i, level);
        p.n[level] = (double)count[level] * points_per_sample;
        if (count[level] >= LEAST_COUNT)
            known = level;
        else
            break;
    }
    if (known >= 2)
        p.dimension = 0.5 * log2((double)count[known - 2] / (double)count[known]);
    p.dimension = fmin(fmax(p.dimension, 0.5), 3);
    for (int level = (int)known + 1; level <= DP_MAX_DEPTH; level++)
        p.n[level] = p.n[level - 1] * exp2(-p.dimension);
    return p;
}

/* The deepest level on which one of n points lies around this one, -1 where there are none. */
static int last_level(int64_t n, const dp_key *key, dp_key point_key) {
    int level = -1;
    while (level < DP_MAX_DEPTH &&
           dp_key_is_around(n, key, level + 1, dp_key_prefix(point_key, level + 1)))
        level++;
    return level;
}

/* Where sources and targets are not the same: down to which level both lie around the probes. The
 * points of the probes, in order, give way to those of a sample of either kind. */
static dagpole_status look_around(const dp_cube *cube, model *m, dp_key *key) {
    const dp_leaf_request *r = m->request;
    range sources = {0, r->n_sources}, targets = {r->n_sources, r->n_sources + r->n_targets};
    dp_key at[N_PROBE];
    int64_t n_sample = sample_size((range){0, targets.end});
    for (int i = 0; i < m->n_probes; i++)
        at[i] = key[i * n_sample / m->n_probes];
    DP_TRY(sort_sample(r, cube, sources, key));
    for (int i = 0; i < m->n_probes; i++)
        m->probes[i].last_sources = last_level(sample_size(sources), key, at[i]);
    DP_TRY(sort_sample(r, cube, targets, key));
    for (int i = 0; i < m->n_probes; i++)
        m->probes[i].last_targets = last_level(sample_size(targets), key, at[i]);
    return DAGPOLE_OK;
}

static dagpole_status take_probes(const dp_cube *cube, model *m) {
    const dp_leaf_request *r = m->request;
    m->radians = r->wave_number * ldexp(cube->side, cube->exponent);
    int64_t n = r->n_sources + r->n_targets, n_sample = sample_size((range){0, n});
    dp_key *key = dp_alloc((size_t)n_sample, sizeof *key);
    dagpole_status status = key ? sort_sample(r, cube, (range){0, n}, key) : DAGPOLE_NO_MEMORY;
    m->n_probes = (int)(n_sample < N_PROBE ? n_sample : N_PROBE);
    for (int i = 0; status == DAGPOLE_OK && i < m->n_probes; i++)
        m->probes[i] =
            look_up(key, n_sample, i * n_sample / m->n_probes, (double)n / (double)n_sample);
    if (status == DAGPOLE_OK && r->n_targets)
        status = look_around(cube, m, key);
    dp_free(key);
    return status;
}

/* Probability that a box with n expected points holds at most n_crit. */
static double is_leaf(double n, double n_crit) {
    double excess = (n - n_crit - 0.5) / sqrt(2 * n);
    return excess > 4 ? 0 : excess < -4 ? 1 : 0.5 * erfc(excess);
}

/* Points by which a box at a probe is split: its own, or where those around it are much denser,
 * because 2:1 balance then splits it with them, an average sibling's, were there four. */
static double splits_by(const probe *p, int level, double factor) {
    double n = fmax(p->n[level] * factor, 1), parent = level ? p->n[level - 1] * factor : n;
    return parent > MUCH_DENSER * n ? (parent - n) / 3 : n;
}

/* What `radians` along the side of a box add to the length of its expansion, for each part: fits
 * 3, 6 and 9 digits and 10 to 40 radians to a third. To the rank of an M2L they add themselves. */
static double added_by_waves(double radians) {
    return 1.2 * radians * radians;
}

static far_cost far_cost_of(const model *m, double radians) {
    const dp_leaf_request *r = m->request;
    double n_parts = dp_column_vectors(&r->shape),
           part = dp_cost_expansion_size(r->accuracy.tolerance) + added_by_waves(radians),
           k = n_parts * part, rank = n_parts * (dp_cost_mean_rank(part) + radians);
    return (far_cost){
        .m2l_s = m->cost.flop * 4 * k * rank + m->cost.column + m->cost.coefficient * k,
        /* 2 x 2 k^2 of M2M and L2L; what is left are 2 x 8 matrices of (k/8) x (k/8), and more */
        .box_s = m->cost.flop * 4.7 * k * k + 2 * m->cost.column,
        .point_s = m->cost.pair * 2 * 1.2 * k,
        .fetch_s = dp_cost_fetch(k)};
}

static double near_s(const model *m, double radians) {
    const dp_accuracy *accuracy = &m->request->accuracy;
    dp_precision precision =
        dp_precision_of_near_waves(accuracy->precision, accuracy->most_radians, radians);
    return (precision == accuracy->precision ? &m->cost : &m->of_short_waves)->near;
}

/* Seconds per point at a probe: boxes of each level that are reached, and the leaf that ends the
 * descent, which for targets is the first box with no source around. Sources with no target around
 * have neither near pairs nor M2L. `widening`: side of the root cube over that of the probes' cube.
 */
static double price_of_probe(const model *m, const probe *p, double widening, double n_crit) {
    double seconds = 0, reached = 1;
    double dimension = fmin(3, p->dimension + 0.2); /* surfaces are not aligned with boxes */
    double near = pow(3, dimension), far = pow(6, dimension) - near;
    double factor = pow(widening, p->dimension);
    for (int level = 0; level <= DP_MAX_DEPTH && reached > 1e-3; level++) {
        double n = fmax(p->n[level] * factor, 1), n_boxes = fmax(m->n_points / n, 1);
        double is_last = is_leaf(splits_by(p, level, factor), n_crit), in_leaf = fmin(n, n_crit);
        int is_far = level > p->last_sources, has_pairs = !is_far && level <= p->last_targets;
        double ends = level == DP_MAX_DEPTH || is_far ? 1 : is_last;
        double radians = ldexp(m->radians * widening, -level);
        far_cost of_level = m->radians > 0 ? far_cost_of(m, radians) : m->far;
        if (level >= 2) {
            double n_far = level <= p->last_targets ? fmin(far, n_boxes) : 0,
                   n_fetched = fmin(n_far * n_boxes, N_FETCHED);
            seconds +=
                reached * ((n_far * of_level.m2l_s + of_level.box_s) / n + ends * of_level.point_s +
                           n_fetched * of_level.fetch_s / m->n_points);
        }
        seconds += reached * ends * (has_pairs ? fmin(near, n_boxes) : 0) *
                   (near_s(m, radians) * m->pair_share * in_leaf + m->cost.leaf_pair / in_leaf);
        reached *= 1 - ends;
    }
    return seconds;
}

static double price(const model *m, double widening, double n_crit) {
    double sum = 0;
    for (int i = 0; i < m->n_probes; i++)
        sum += price_of_probe(m, &m->probes[i], widening, n_crit);
    return sum / m->n_probes * m->n_points;
}

static int piece_of(const model *m) {
    double least = m->is_single ? LEAST_SINGLE : LEAST_PIECE;
    return (int)fmax(ceil(m->n_points / N_PIECES), least);
}

/* Seconds of the direct sum, where it may be chosen: all pairs, and starting on leaf after leaf. */
static double price_direct(const model *m) {
    if (m->request->n_crit || m->n_points > MOST_DIRECT)
        return INFINITY;
    double leaves = 0, n = m->n_points, piece = piece_of(m);
    for (int i = 0; i < m->n_probes; i++) {
        const double *at = m->probes[i].n;
        int level = 0;
        while (level < DP_MAX_DEPTH && at[level] > piece)
            level++;
        leaves += n / fmax(at[level], 1) / m->n_probes;
    }
    return m->pair_share * n * (n * m->cost.near + leaves * PACK_S * m->request->shape.n_vectors);
}

static void set_costs(model *m) {
    const dp_leaf_request *r = m->request;
    double n = (double)(r->n_sources + r->n_targets);
    dp_precision precision = r->accuracy.precision;
    m->is_single = precision == DP_SINGLE || precision == DP_ROUGH;
    m->cost = dp_cost_of(r->rates, r->kernel, precision, &r->shape, r->n_sums);
    m->of_short_waves = dp_cost_of(r->rates, r->kernel, DP_REDUCED, &r->shape, r->n_sums);
    m->n_points = n;
    m->pair_share = r->n_targets ? (double)r->n_sources * (double)r->n_targets / (n * n) : 1;
    m->far = far_cost_of(m, 0);
}

static double relative_side(const dp_cube *cube, const dp_cube *smallest) {
    return ldexp(cube->side / smallest->side, cube->exponent - smallest->exponent);
}

/* Cubes that the points may lie in, smallest first; with a root side asked for, the one. */
static dagpole_status list_cubes(const dp_leaf_request *r, dp_cube cubes[N_CUBES], int *n_cubes) {
    double widening = 1;
    for (int c = 0; c < N_CUBES; c++) {
        cubes[c] = dp_cube_fit(&r->bounds, widening);
        widening = relative_side(&cubes[c], &cubes[0]) * (1 + 1e-9);
    }
    double smallest = ldexp(cubes[0].side, cubes[0].exponent);
    /* Twice the smallest is the smallest, one level up. Of short waves, for which the coarsest
     * operators are dear, the smallest alone. */
    *n_cubes = r->wave_number * smallest > SHORT_WAVES ? 1 : N_CUBES - 1;
    if (r->root_side == 0)
        return DAGPOLE_OK;
    if (r->root_side < smallest * (1 - 1e-9) || r->root_side > 2.01 * smallest)
        return dp_fail(DAGPOLE_BAD_ARGUMENT,
                       "root_side is %g: around these points it must be %g ... %g", r->root_side,
                       smallest, 2 * smallest);
    int c = 0;
    while (c < N_CUBES - 1 && ldexp(cubes[c].side, cubes[c].exponent) < r->root_side * (1 - 1e-9))
        c++;
    cubes[0] = cubes[c];
    *n_cubes = 1;
    return DAGPOLE_OK;
}

/* The cheapest leaf size, or the middle of those that cost the same: at both ends some boxes are
 * split and others not. */
static void try_leaf_sizes(const model *m, const dp_cube *cube, double widening,
                           dp_leaf_choice *best) {
    double first = 0; /* of those that cost the same */
    for (double n_crit = 8; n_crit < LARGEST; n_crit *= 1.25) {
        double asked = m->request->n_crit, taken = asked > 0 ? asked : floor(n_crit);
        if (asked == 0 && taken >= m->n_points)
            return; /* the direct sum */
        double seconds = price(m, widening, taken);
        if (seconds < 0.99 * best->seconds) {
            *best = (dp_leaf_choice){*cube, .n_crit = (int)taken, .seconds = seconds};
            first = taken;
        } else if (first > 0 && seconds < 1.002 * best->seconds)
            best->n_crit = (int)sqrt(first * taken);
        else
            first = 0;
        if (asked > 0)
            return;
    }
}

/* One leaf for the whole cloud, or less: nothing is tried where all pairs take no longer than the
 * shortest task. */
static void try_all(const model *m, int n_cubes, const dp_cube *cubes, dp_leaf_choice *best) {
    double direct_s = price_direct(m);
    for (int c = 0; c < n_cubes && direct_s > m->cost.task; c++)
        try_leaf_sizes(m, &cubes[c], relative_side(&cubes[c], &cubes[0]), best);
    if ((1 - LEAST_GAIN) * direct_s < best->seconds)
        *best = (dp_leaf_choice){cubes[0], .n_crit = (int)m->n_points, .seconds = direct_s};
}

static void set_leaf(const model *m, dp_leaf_choice *choice) {
    choice->is_direct = choice->n_crit >= m->n_points;
    choice->n_leaf = choice->n_crit;
    if (choice->is_direct && choice->n_leaf > piece_of(m))
        choice->n_leaf = piece_of(m);
}

dagpole_status dp_leaf_size_choose(const dp_leaf_request *request, dp_leaf_choice *choice) {
    dp_cube cubes[N_CUBES];
    int n_cubes;
    DP_TRY(list_cubes(request, cubes, &n_cubes));
    int n_crit = request->n_crit ? request->n_crit : 64; /* where there are no points */
    *choice = (dp_leaf_choice){cubes[0], .n_crit = n_crit, .seconds = INFINITY};
    model *m = dp_alloc_zero(1, sizeof *m);
    if (!m)
        return DAGPOLE_NO_MEMORY;
    m->request = request;
    set_costs(m);
    dagpole_status status = take_probes(&cubes[0], m);
    if (status == DAGPOLE_OK && m->n_probes)
        try_all(m, n_cubes, cubes, choice);
    set_leaf(m, choice);
    dp_free(m);
    return status;
}

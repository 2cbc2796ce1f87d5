#include "model/leaf_size.h"

#include <math.h>

#include "base/memory.h"
#include "geometry/offsets.h"
#include "model/probes.h"

#define N_CUBES     5
#define SHORT_WAVES 40 /* radians along the side of the root cube */
#define LARGEST     5000

/* Leaves of a much fuller box whose points are near: 4 and 8 make leaves of Plummer's clouds and of
 * log-radial ones too large by a third. */
#define DENSE_LEAVES 16

/* Leaves of a direct sum: about so many where points lie close together, and in single precision,
 * whose frame is the leaf, none of many more points. Each leaf costs PACK_S a point of the cloud.
 */
#define N_PIECES     4
#define LEAST_PIECE  1024
#define LEAST_SINGLE 512
#define PACK_S       2e-9

/* A far field has to save this share of the direct sum, and of its pairs, to be worth its set-up.
 */
#define LEAST_GAIN 0.1

/* Most points of a cloud that is summed directly: what n_crit may be. */
#define MOST_DIRECT 100000

/* M2L matrices that come from the outer caches on a level before its blocks are large: each block
 * meets each of its positions once. */
#define N_FETCHED (16 * DP_N_FOLDED)

/* What flops of an M2L in floats count here. From 7 digits on that is more than it takes
 * (dp_cost_rounding), and leaves as large as this makes them were 2 to 5 percent faster at 9 and 12
 * digits (1e6 points in a cube and on a sphere). */
#define OF_FLOATS 1.3

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
    dp_probe probes[DP_N_PROBES];
} model;

static dagpole_status take_probes(const dp_cube *cube, model *m) {
    const dp_leaf_request *r = m->request;
    const dp_probed points = {r->n_sources, r->n_targets, r->sources, r->targets};
    m->radians = r->wave_number * ldexp(cube->side, cube->exponent);
    return dp_probes_take(&points, cube, &m->n_probes, m->probes);
}

/* Probability that a box with n expected points holds at most n_crit. */
static double is_leaf(double n, double n_crit) {
    double excess = (n - n_crit - 0.5) / sqrt(2 * n);
    return excess > 4 ? 0 : excess < -4 ? 1 : 0.5 * erfc(excess);
}

/* Points by which a box at a probe is split: its own, or because of the 2:1 balance those of a
 * child beside it. */
static double splits_by(const dp_probe *p, int level) {
    return fmax(fmax(p->level[level].n, p->level[level].beside), 1);
}

/* What `radians` along the side of a box add to the length of its expansion, for each part: fits
 * 3, 6 and 9 digits and 10 to 40 radians to a third. To the rank of an M2L they add themselves. */
static double added_by_waves(double radians) {
    return 1.2 * radians * radians;
}

static far_cost far_cost_of(const model *m, double radians) {
    const dp_leaf_request *r = m->request;
    double n_parts = dp_column_vectors(&r->shape),
           part = dp_cost_expansion_size(r->accuracy.tolerance) + added_by_waves(radians);
    int has_floats = dp_cost_has_floats(r->kernel, part);
    double k = n_parts * part, rank = n_parts * (dp_cost_mean_rank(part, has_floats) + radians);
    return (far_cost){
        .m2l_s = m->cost.flop * 4 * k * rank * (has_floats ? OF_FLOATS : 1) + m->cost.column +
                 m->cost.coefficient * k,
        /* 2 x 2 k^2 of M2M and L2L; what is left are 2 x 8 matrices of (k/8) x (k/8), and more */
        .box_s = m->cost.flop * 4.7 * k * k + 2 * m->cost.column,
        .point_s = 2 * dp_cost_pairs(&m->cost, 1, 1.2 * k),
        .fetch_s = dp_cost_fetch(k, has_floats)};
}

static double near_s(const model *m, double radians) {
    const dp_accuracy *accuracy = &m->request->accuracy;
    dp_precision precision =
        dp_precision_of_near_waves(accuracy->precision, accuracy->most_radians, radians);
    return (precision == accuracy->precision ? &m->cost : &m->of_short_waves)->near;
}

/* Boxes that hold points and are children of what touches the parent, but do not touch the box. */
static double far_boxes(const dp_probe *p, int level) {
    const dp_surroundings *box = &p->level[level], *parent = box - 1;
    double per_parent = fmin(dp_mean_points(parent) / dp_mean_points(box), 8);
    return fmax(per_parent * parent->boxes - box->boxes, 0);
}

/* Points near those of a leaf. Of a much fuller box only some leaves touch it, and some more lie in
 * lists W and are summed directly. */
static double near_points(const dp_surroundings *leaf, double n_crit) {
    double most = DENSE_LEAVES * n_crit * leaf->dense_boxes;
    return leaf->points - leaf->dense_points + fmin(leaf->dense_points, most);
}

/* Of a leaf size. */
typedef struct price {
    double seconds, near; /* time, and share of all pairs that are near */
} price;

/* For a point at a probe: boxes of each level that are reached, and the leaf that ends the descent,
 * which for targets is the first box with no source around. Sources with no target around have
 * neither near pairs nor M2L. */
static price price_at(const model *m, const dp_probe *p, double n_crit) {
    price sum = {0};
    double reached = 1;
    for (int level = 0; level <= DP_MAX_DEPTH && reached > 1e-3; level++) {
        const dp_surroundings *box = &p->level[level];
        double n = fmax(box->n, 1), n_boxes = fmax(m->n_points / n, 1);
        double is_last = is_leaf(splits_by(p, level), n_crit), in_leaf = fmin(n, n_crit);
        int is_far = level > p->last_sources, has_pairs = !is_far && level <= p->last_targets;
        double ends = level == DP_MAX_DEPTH || is_far ? 1 : is_last;
        double radians = ldexp(m->radians, -level);
        far_cost of_level = m->radians > 0 ? far_cost_of(m, radians) : m->far;
        if (level >= 2) {
            double n_far = level <= p->last_targets ? far_boxes(p, level) : 0,
                   n_fetched = fmin(n_far * n_boxes, N_FETCHED);
            sum.seconds +=
                reached * ((n_far * of_level.m2l_s + of_level.box_s) / n + ends * of_level.point_s +
                           n_fetched * of_level.fetch_s / m->n_points);
        }
        if (has_pairs) {
            double n_near = near_points(box, n_crit) * in_leaf / n;
            sum.near += reached * ends * n_near / m->n_points;
            sum.seconds += reached * ends *
                           (near_s(m, radians) * m->pair_share * n_near +
                            m->cost.leaf_pair * box->boxes / in_leaf);
        }
        reached *= 1 - ends;
    }
    return sum;
}

static price price_of(const model *m, double n_crit) {
    price sum = {0};
    for (int i = 0; i < m->n_probes; i++) {
        price at = price_at(m, &m->probes[i], n_crit);
        sum.seconds += at.seconds * m->n_points / m->n_probes;
        sum.near += at.near / m->n_probes;
    }
    return sum;
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
        const dp_surroundings *box = m->probes[i].level;
        while (box < &m->probes[i].level[DP_MAX_DEPTH] && box->n > piece)
            box++;
        leaves += n / fmax(box->n, 1) / m->n_probes;
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
static void try_leaf_sizes(const model *m, const dp_cube *cube, dp_leaf_choice *best) {
    double first = 0; /* of those that cost the same */
    for (double n_crit = 8; n_crit < LARGEST; n_crit *= 1.25) {
        double asked = m->request->n_crit, taken = asked > 0 ? asked : floor(n_crit);
        if (asked == 0 && taken >= m->n_points)
            return; /* the direct sum */
        price tried = price_of(m, taken);
        /* where hardly a pair is far the direct sum is better, whose leaves are small */
        int has_gain = tried.near < 1 - LEAST_GAIN || asked > 0 || m->n_points > MOST_DIRECT;
        double seconds = has_gain ? tried.seconds : INFINITY;
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
static dagpole_status try_all(model *m, int n_cubes, const dp_cube *cubes, dp_leaf_choice *best) {
    DP_TRY(take_probes(&cubes[0], m));
    double direct_s = price_direct(m);
    for (int c = 0; c < n_cubes && direct_s > m->cost.task; c++) {
        if (c > 0)
            DP_TRY(take_probes(&cubes[c], m));
        try_leaf_sizes(m, &cubes[c], best);
    }
    if ((1 - LEAST_GAIN) * direct_s < best->seconds)
        *best = (dp_leaf_choice){cubes[0], .n_crit = (int)m->n_points, .seconds = direct_s};
    return DAGPOLE_OK;
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
    int64_t n_points = request->n_sources + request->n_targets;
    dagpole_status status = n_points > 0 ? try_all(m, n_cubes, cubes, choice) : DAGPOLE_OK;
    set_leaf(m, choice);
    dp_free(m);
    return status;
}

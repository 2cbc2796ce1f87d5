#include <math.h>
#include <stdlib.h>

#include "layout/far.h"

/* Screening lengths between a leaf's targets and the nearest source from which on they are far: up
 * to there the common far field loses less than the margin that the accuracy has. */
#define FAR_LENGTHS 3

/* Extents of the sources that are far without any screening. */
#define FAR_EXTENTS 8

/* Screening lengths beyond which potentials are below what doubles hold. */
#define VANISHING_LENGTHS 745

/* Most screening lengths along the side of a box whose multipole serves targets at any distance. */
#define WIDEST_BOX 2

/* Most extents of a box's sources along its side: its multipole is best where they fill it. */
#define LOOSEST_BOX 2

/* What rounding leaves of a charge in a box of dipoles, a side away, in the dipoles' potential,
 * over a tenth: it grows with the distance beside that. */
#define FALSE_CHARGE 1e-14

/* What far sums may cost, in seconds of one core: in all, and for each source and target more. */
#define ALLOWANCE_S       1.0
#define ALLOWANCE_POINT_S 1e-5

/* Leaves that are tried at a time, so that little is found in vain once the allowance is spent. */
#define BATCH 64

typedef struct bounds {
    double low[3], high[3];
} bounds;

typedef struct numbers {
    int64_t n, capacity;
    int32_t *at;
} numbers;

/* A leaf whose targets are far, and what it is to sum. */
typedef struct far_leaf {
    int32_t leaf;
    double distance; /* from the bounds of its targets to those of the nearest sources */
    numbers near, w; /* leaves, and boxes by their multipoles */
    double seconds;
    int is_taken;
} far_leaf;

typedef struct search {
    const dp_problem *problem;
    bounds *sources; /* per box: around its sources */
    double reach;    /* how much farther than the nearest a source matters */
    int64_t n;
    far_leaf *leaves; /* by distance */
    int64_t begin;    /* of the batch */
} search;

/* One leaf's search. */
typedef struct probe {
    const search *s;
    far_leaf *far;
    bounds targets;
    dp_soa points;
    int64_t n;
    double *nearest; /* per target: an upper bound of the distance to the nearest source */
    double farthest; /* the largest of them */
} probe;

static bounds no_bounds(void) {
    return (bounds){{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
}

static void widen(bounds *b, const double low[3], const double high[3]) {
    for (int d = 0; d < 3; d++) {
        b->low[d] = fmin(b->low[d], low[d]);
        b->high[d] = fmax(b->high[d], high[d]);
    }
}

static bounds bounds_of(const dp_points *p, int64_t begin, int64_t end) {
    bounds b = no_bounds();
    for (int64_t i = begin; i < end; i++) {
        double at[3] = {p->x[i], p->y[i], p->z[i]};
        widen(&b, at, at);
    }
    return b;
}

static double distance(const bounds *a, const bounds *b) {
    double sum = 0;
    for (int d = 0; d < 3; d++) {
        double gap = fmax(fmax(a->low[d] - b->high[d], b->low[d] - a->high[d]), 0);
        sum += gap * gap;
    }
    return sqrt(sum);
}

static double extent(const bounds *b) {
    double most = 0;
    for (int d = 0; d < 3; d++)
        most = fmax(most, b->high[d] - b->low[d]);
    return most;
}

static bounds bounds_of_point(dp_soa p, int64_t i) {
    return (bounds){{p.x[i], p.y[i], p.z[i]}, {p.x[i], p.y[i], p.z[i]}};
}

/* The region of a box. */
static bounds bounds_of_box(const dp_tree *tree, int32_t box) {
    double centre[3], half = 0.5 * dp_cube_side(&tree->cube, tree->level[box]);
    bounds b;
    dp_cube_centre(&tree->cube, tree->level[box], tree->key[box], centre);
    for (int d = 0; d < 3; d++) {
        b.low[d] = centre[d] - half;
        b.high[d] = centre[d] + half;
    }
    return b;
}

/* ---- the nearest source ---- */

typedef struct nearest {
    double distance;
    int64_t source; /* -1: only bounds are asked for */
} nearest;

static void visit_sources(const search *s, int32_t leaf, const bounds *from, nearest *found) {
    const dp_tree *tree = s->problem->tree;
    const dp_points *p = s->problem->sources;
    for (int64_t i = tree->source_begin[leaf]; i < tree->source_end[leaf]; i++) {
        bounds at = bounds_of_point((dp_soa){p->x, p->y, p->z}, i);
        double d = distance(from, &at);
        if (d < found->distance)
            *found = (nearest){d, i};
    }
}

/* Children from the nearest on, so that most are left out. */
static void visit_nearest(const search *s, int32_t box, const bounds *from, nearest *found) {
    const dp_tree *tree = s->problem->tree;
    int32_t child[8];
    double away[8];
    int n = 0;
    if (dp_tree_is_leaf(tree, box)) {
        visit_sources(s, box, from, found);
        return;
    }
    for (int32_t c = tree->child[box]; c < tree->child[box] + tree->n_children[box]; c++) {
        if (!dp_n_sources(tree, c))
            continue;
        double d = distance(from, &s->sources[c]);
        int to = n++;
        for (; to > 0 && away[to - 1] > d; to--) {
            away[to] = away[to - 1];
            child[to] = child[to - 1];
        }
        away[to] = d;
        child[to] = c;
    }
    for (int i = 0; i < n && away[i] < found->distance; i++)
        visit_nearest(s, child[i], from, found);
}

static nearest find_nearest(const search *s, const bounds *from) {
    nearest found = {INFINITY, -1};
    visit_nearest(s, 0, from, &found);
    return found;
}

/* ---- what a leaf is to sum ---- */

static dagpole_status push(numbers *list, int32_t box) {
    if (list->n == list->capacity) {
        int64_t capacity = list->capacity ? 2 * list->capacity : 64;
        int32_t *larger = dp_realloc(list->at, (size_t)list->n, (size_t)capacity, sizeof *list->at);
        if (!larger)
            return DAGPOLE_NO_MEMORY;
        list->at = larger;
        list->capacity = capacity;
    }
    list->at[list->n++] = box;
    return DAGPOLE_OK;
}

/* Whether some of these sources may matter to some of the targets. */
static int matters(const probe *p, const bounds *sources) {
    double reach = p->s->reach;
    if (distance(&p->targets, sources) - p->farthest >= reach)
        return 0;
    for (int64_t i = 0; i < p->n; i++) {
        bounds at = bounds_of_point(p->points, i);
        if (distance(&at, sources) - p->nearest[i] < reach)
            return 1;
    }
    return 0;
}

/* The widest box whose multipole is good: dipoles alone want wide ones far away. */
static double widest_box(const probe *p, int32_t box) {
    const dp_problem *in = p->s->problem;
    double widest = LOOSEST_BOX * extent(&p->s->sources[box]);
    if (in->shape.has_charges)
        return widest;
    return fmax(widest, p->far->distance * FALSE_CHARGE / in->tolerance);
}

/* Whether a box's multipole serves these targets, and costs less than its sources. */
static int takes_multipole(const probe *p, int32_t box) {
    const dp_problem *in = p->s->problem;
    const dp_tree *tree = in->tree;
    const dp_operator_set *set = dp_set_of(in, box);
    double side = dp_cube_side(&tree->cube, tree->level[box]);
    int is_loose = !dp_tree_is_leaf(tree, box) && side > widest_box(p, box);
    if (!set || !set->k || dp_damping(in->lambda) * side > WIDEST_BOX || is_loose)
        return 0;
    bounds region = bounds_of_box(tree, box);
    return distance(&p->targets, &region) >= side &&
           dp_cost_near(&in->cost, 1, (double)dp_n_sources(tree, box)) >
               dp_cost_surface(&in->cost, dp_surface_points(&set->inner));
}

static dagpole_status visit(const probe *p, int32_t box) {
    const dp_problem *in = p->s->problem;
    const dp_tree *tree = in->tree;
    far_leaf *far = p->far;
    if (!dp_n_sources(tree, box) || !matters(p, &p->s->sources[box]))
        return DAGPOLE_OK;
    if (takes_multipole(p, box)) {
        far->seconds += (double)p->n *
                        dp_cost_surface(&in->cost, dp_surface_points(&dp_set_of(in, box)->inner));
        return push(&far->w, box);
    }
    if (dp_tree_is_leaf(tree, box)) {
        far->seconds += dp_cost_near(&in->cost, (double)p->n, (double)dp_n_sources(tree, box));
        return push(&far->near, box);
    }
    for (int i = 0; i < tree->n_children[box]; i++)
        DP_TRY(visit(p, tree->child[box] + i));
    return DAGPOLE_OK;
}

static int compare_numbers(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The distances to one source, the nearest to the middle of the targets, bound those to the
 * nearest of each. */
static void set_nearest(probe *p) {
    const dp_points *sources = p->s->problem->sources;
    bounds middle;
    for (int d = 0; d < 3; d++)
        middle.low[d] = middle.high[d] = 0.5 * (p->targets.low[d] + p->targets.high[d]);
    nearest found = find_nearest(p->s, &middle);
    bounds at = bounds_of_point((dp_soa){sources->x, sources->y, sources->z}, found.source);
    p->farthest = 0;
    for (int64_t i = 0; i < p->n; i++) {
        bounds target = bounds_of_point(p->points, i);
        p->nearest[i] = distance(&target, &at);
        p->farthest = fmax(p->farthest, p->nearest[i]);
    }
}

static int vanishes(const search *s, const far_leaf *far) {
    return dp_damping(s->problem->lambda) * far->distance > VANISHING_LENGTHS;
}

static dagpole_status find_sources(void *argument, int64_t i) {
    const search *s = argument;
    const dp_tree *tree = s->problem->tree;
    const dp_points *t = s->problem->targets;
    far_leaf *far = &s->leaves[s->begin + i];
    int64_t begin = tree->target_begin[far->leaf], end = tree->target_end[far->leaf];
    probe p = {.s = s,
               .far = far,
               .targets = bounds_of(t, begin, end),
               .points = {t->x + begin, t->y + begin, t->z + begin},
               .n = end - begin};
    if (vanishes(s, far))
        return DAGPOLE_OK;
    p.nearest = dp_alloc((size_t)p.n, sizeof *p.nearest);
    if (!p.nearest)
        return DAGPOLE_NO_MEMORY;
    set_nearest(&p);
    dagpole_status status = visit(&p, 0);
    dp_free(p.nearest);
    if (status == DAGPOLE_OK && far->near.n)
        qsort(far->near.at, (size_t)far->near.n, sizeof *far->near.at, compare_numbers);
    if (status == DAGPOLE_OK && far->w.n)
        qsort(far->w.at, (size_t)far->w.n, sizeof *far->w.at, compare_numbers);
    return status;
}

/* ---- which leaves are far ---- */

static void set_bounds(search *s) {
    const dp_tree *tree = s->problem->tree;
    for (int32_t box = tree->n_boxes - 1; box >= 0; box--) {
        if (dp_tree_is_leaf(tree, box))
            s->sources[box] =
                bounds_of(s->problem->sources, tree->source_begin[box], tree->source_end[box]);
        else
            s->sources[box] = no_bounds();
        for (int i = 0; i < tree->n_children[box]; i++) {
            const bounds *child = &s->sources[tree->child[box] + i];
            widen(&s->sources[box], child->low, child->high);
        }
    }
}

enum { CHUNK = 256 };

/* Distances of a chunk of leaves, s->leaves listing all that have targets. */
static dagpole_status find_distances(void *argument, int64_t chunk) {
    const search *s = argument;
    const dp_tree *tree = s->problem->tree;
    int64_t end = (chunk + 1) * CHUNK;
    for (int64_t i = chunk * CHUNK; i < end && i < s->n; i++) {
        int32_t leaf = s->leaves[i].leaf;
        bounds targets =
            bounds_of(s->problem->targets, tree->target_begin[leaf], tree->target_end[leaf]);
        s->leaves[i].distance = find_nearest(s, &targets).distance;
    }
    return DAGPOLE_OK;
}

static int compare_leaves(const void *a, const void *b) {
    const far_leaf *x = a, *y = b;
    if (x->distance != y->distance)
        return x->distance < y->distance ? -1 : 1;
    return (x->leaf > y->leaf) - (x->leaf < y->leaf);
}

static int is_far(const search *s, double distance) {
    return dp_damping(s->problem->lambda) * distance >= FAR_LENGTHS ||
           distance >= FAR_EXTENTS * extent(&s->sources[0]);
}

/* Whether any target can be far. */
static int may_be_far(const search *s) {
    const dp_points *t = s->problem->targets;
    bounds targets = bounds_of(t, 0, t->n);
    double sum = 0;
    for (int d = 0; d < 3; d++) {
        double gap =
            fmax(s->sources[0].low[d] - targets.low[d], targets.high[d] - s->sources[0].high[d]);
        sum += fmax(gap, 0) * fmax(gap, 0);
    }
    return is_far(s, sqrt(sum) + 2 * extent(&s->sources[0]));
}

static dagpole_status list_leaves(const dp_team *team, search *s) {
    const dp_tree *tree = s->problem->tree;
    s->sources = dp_alloc((size_t)tree->n_boxes, sizeof *s->sources);
    s->leaves = dp_alloc_zero((size_t)tree->n_leaves, sizeof *s->leaves);
    if (!s->sources || !s->leaves)
        return DAGPOLE_NO_MEMORY;
    set_bounds(s);
    if (!may_be_far(s))
        return DAGPOLE_OK;
    for (int32_t box = 0; box < tree->n_boxes; box++)
        if (dp_tree_is_leaf(tree, box) && dp_n_targets(tree, box))
            s->leaves[s->n++].leaf = box;
    DP_TRY(team->run(team, (s->n + CHUNK - 1) / CHUNK, find_distances, s));
    int64_t n_far = 0;
    for (int64_t i = 0; i < s->n; i++)
        if (is_far(s, s->leaves[i].distance))
            s->leaves[n_far++] = s->leaves[i];
    s->n = n_far;
    qsort(s->leaves, (size_t)s->n, sizeof *s->leaves, compare_leaves);
    return DAGPOLE_OK;
}

static double allowance(const dp_problem *p) {
    return ALLOWANCE_S + ALLOWANCE_POINT_S * (double)(p->sources->n + p->targets->n);
}

/* Finds the sources of as many leaves as the allowance is enough for. */
static dagpole_status take_leaves(const dp_team *team, search *s) {
    double left = allowance(s->problem);
    for (s->begin = 0; s->begin < s->n && left >= 0; s->begin += BATCH) {
        int64_t n = s->n - s->begin < BATCH ? s->n - s->begin : BATCH;
        DP_TRY(team->run(team, n, find_sources, s));
        for (int64_t i = s->begin; i < s->begin + n; i++) {
            left -= s->leaves[i].seconds;
            s->leaves[i].is_taken = left >= 0;
        }
    }
    for (int64_t i = s->begin; i < s->n; i++)
        s->leaves[i].is_taken = vanishes(s, &s->leaves[i]);
    return DAGPOLE_OK;
}

/* ---- the rows ---- */

static void copy_row(const numbers *from, int32_t row, dp_csr *csr) {
    for (int64_t i = 0; i < from->n; i++)
        csr->index[csr->offset[row] + i] = from->at[i];
}

static int64_t n_given_targets(const dp_problem *p, int32_t leaf) {
    return dp_points_first_copy(p->targets, p->tree->target_end[leaf]) -
           dp_points_first_copy(p->targets, p->tree->target_begin[leaf]);
}

static dagpole_status keep_leaves(const search *s, dp_far *kept) {
    int32_t n_boxes = s->problem->tree->n_boxes;
    kept->is_cut_off = dp_alloc_zero((size_t)n_boxes, sizeof *kept->is_cut_off);
    if (!kept->is_cut_off)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_csr_begin(n_boxes, &kept->near));
    DP_TRY(dp_csr_begin(n_boxes, &kept->w));
    for (int64_t i = 0; i < s->n; i++) {
        const far_leaf *far = &s->leaves[i];
        if (far->is_taken) {
            kept->near.offset[far->leaf + 1] = far->near.n;
            kept->w.offset[far->leaf + 1] = far->w.n;
            kept->is_cut_off[far->leaf] = 1;
        } else
            kept->n_unresolved += n_given_targets(s->problem, far->leaf);
    }
    DP_TRY(dp_csr_end(0, &kept->near));
    DP_TRY(dp_csr_end(0, &kept->w));
    for (int64_t i = 0; i < s->n; i++)
        if (s->leaves[i].is_taken) {
            copy_row(&s->leaves[i].near, s->leaves[i].leaf, &kept->near);
            copy_row(&s->leaves[i].w, s->leaves[i].leaf, &kept->w);
        }
    return DAGPOLE_OK;
}

/* Without operators every leaf has all sources near. */
static int has_far_targets(const dp_problem *p) {
    return !dp_is_mutual(p) && p->sources->n && p->targets->n && p->operators->n_sets;
}

static dagpole_status build(const dp_team *team, search *s, dp_far *far) {
    DP_TRY(list_leaves(team, s));
    if (!s->n)
        return DAGPOLE_OK;
    DP_TRY(take_leaves(team, s));
    return keep_leaves(s, far);
}

dagpole_status dp_far_build(const dp_team *team, const dp_problem *p, dp_far *far) {
    search s = {.problem = p};
    *far = (dp_far){0};
    if (!has_far_targets(p))
        return DAGPOLE_OK;
    s.reach = dp_damping(p->lambda) > 0
                  ? (log((double)p->sources->n) - log(p->tolerance)) / dp_damping(p->lambda)
                  : INFINITY;
    dagpole_status status = build(team, &s, far);
    if (status != DAGPOLE_OK)
        dp_far_free(far);
    for (int64_t i = 0; i < s.n; i++) {
        dp_free(s.leaves[i].near.at);
        dp_free(s.leaves[i].w.at);
    }
    dp_free(s.leaves);
    dp_free(s.sources);
    return status;
}

void dp_far_free(dp_far *far) {
    dp_free(far->is_cut_off);
    dp_csr_free(&far->near);
    dp_csr_free(&far->w);
    *far = (dp_far){0};
}

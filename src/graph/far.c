/* Targets so far from all sources that the common far field does not hold their digits.
 *
 * Digits of screened expansions count relative to the near field: where a target has none, because
 * the nearest source is many screening lengths away, its potential is as small as what they leave
 * out. And where the sources are like a point to a target, what the way through ever larger boxes
 * loses is the same for all targets around it and averages out nowhere.
 *
 * Such leaves are cut off from the far field. They take the sources that matter, which with
 * screening are those up to some screening lengths farther than the nearest, one by one or, where
 * many share a box in which screening is weak, from the box's multipole: such an expansion holds
 * its digits at any distance.
 *
 * This can cost far more than everything else. So it has an allowance, in the cost model's seconds,
 * which goes to the leaves nearest to the sources first: theirs are the largest potentials. What is
 * left is counted and keeps the common far field. */
#include <math.h>
#include <stdlib.h>

#include "graph/graph.h"

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
    const dp_graph *graph;
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
    const dp_tree *tree = s->graph->in.tree;
    const dp_points *p = s->graph->in.sources;
    for (int64_t i = tree->source_begin[leaf]; i < tree->source_end[leaf]; i++) {
        bounds at = bounds_of_point((dp_soa){p->x, p->y, p->z}, i);
        double d = distance(from, &at);
        if (d < found->distance)
            *found = (nearest){d, i};
    }
}

/* Children from the nearest on, so that most are left out. */
static void visit_nearest(const search *s, int32_t box, const bounds *from, nearest *found) {
    const dp_tree *tree = s->graph->in.tree;
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

/* Whether a box's multipole serves these targets, and costs less than its sources. */
static int takes_multipole(const probe *p, int32_t box) {
    const dp_graph *g = p->s->graph;
    const dp_tree *tree = g->in.tree;
    const dp_operator_set *set = g->in.operators->level[tree->level[box]];
    double side = dp_cube_side(&tree->cube, tree->level[box]);
    int is_loose = !dp_tree_is_leaf(tree, box) && side > LOOSEST_BOX * extent(&p->s->sources[box]);
    if (!set || !set->k || g->in.lambda * side > WIDEST_BOX || is_loose)
        return 0;
    bounds region = bounds_of_box(tree, box);
    return distance(&p->targets, &region) >= side &&
           g->cost.near * (double)dp_n_sources(tree, box) > dp_cost_surface(&g->cost, set);
}

static dagpole_status visit(const probe *p, int32_t box) {
    const dp_graph *g = p->s->graph;
    const dp_tree *tree = g->in.tree;
    far_leaf *far = p->far;
    if (!dp_n_sources(tree, box) || !matters(p, &p->s->sources[box]))
        return DAGPOLE_OK;
    if (takes_multipole(p, box)) {
        far->seconds +=
            (double)p->n * dp_cost_surface(&g->cost, g->in.operators->level[tree->level[box]]);
        return push(&far->w, box);
    }
    if (dp_tree_is_leaf(tree, box)) {
        far->seconds += g->cost.near * (double)p->n * (double)dp_n_sources(tree, box);
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
    const dp_points *sources = p->s->graph->in.sources;
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
    return s->graph->in.lambda * far->distance > VANISHING_LENGTHS;
}

static dagpole_status find_sources(void *argument, int64_t i) {
    const search *s = argument;
    const dp_tree *tree = s->graph->in.tree;
    const dp_points *t = s->graph->in.targets;
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
    const dp_tree *tree = s->graph->in.tree;
    for (int32_t box = tree->n_boxes - 1; box >= 0; box--) {
        if (dp_tree_is_leaf(tree, box))
            s->sources[box] =
                bounds_of(s->graph->in.sources, tree->source_begin[box], tree->source_end[box]);
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
    const dp_tree *tree = s->graph->in.tree;
    int64_t end = (chunk + 1) * CHUNK;
    for (int64_t i = chunk * CHUNK; i < end && i < s->n; i++) {
        int32_t leaf = s->leaves[i].leaf;
        bounds targets =
            bounds_of(s->graph->in.targets, tree->target_begin[leaf], tree->target_end[leaf]);
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
    return s->graph->in.lambda * distance >= FAR_LENGTHS ||
           distance >= FAR_EXTENTS * extent(&s->sources[0]);
}

/* Whether any target can be far. */
static int may_be_far(const search *s) {
    const dp_points *t = s->graph->in.targets;
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
    const dp_tree *tree = s->graph->in.tree;
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

static double allowance(const dp_graph *g) {
    return ALLOWANCE_S + ALLOWANCE_POINT_S * (double)(g->in.sources->n + g->in.targets->n);
}

/* Finds the sources of as many leaves as the allowance is enough for. */
static dagpole_status take_leaves(const dp_team *team, search *s) {
    double left = allowance(s->graph);
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

static dagpole_status start_rows(const dp_graph *g, dp_csr *csr) {
    csr->n_rows = g->in.tree->n_boxes;
    csr->offset = dp_alloc_zero((size_t)csr->n_rows + 1, sizeof *csr->offset);
    return csr->offset ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static dagpole_status end_rows(dp_csr *csr) {
    for (int64_t i = 0; i < csr->n_rows; i++)
        csr->offset[i + 1] += csr->offset[i];
    csr->index = dp_alloc((size_t)csr->offset[csr->n_rows], sizeof *csr->index);
    return csr->index ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static void copy_row(const numbers *from, int32_t row, dp_csr *csr) {
    for (int64_t i = 0; i < from->n; i++)
        csr->index[csr->offset[row] + i] = from->at[i];
}

static int64_t n_given_targets(const dp_graph *g, int32_t leaf) {
    const dp_points *t = g->in.targets;
    return dp_points_first_copy(t, g->in.tree->target_end[leaf]) -
           dp_points_first_copy(t, g->in.tree->target_begin[leaf]);
}

static dagpole_status keep_leaves(const search *s, dp_graph *g) {
    DP_TRY(start_rows(g, &g->far_near));
    DP_TRY(start_rows(g, &g->far_w));
    for (int64_t i = 0; i < s->n; i++) {
        const far_leaf *far = &s->leaves[i];
        if (far->is_taken) {
            g->far_near.offset[far->leaf + 1] = far->near.n;
            g->far_w.offset[far->leaf + 1] = far->w.n;
            g->local_of[far->leaf] = DP_NO_BOX;
        } else
            g->n_unresolved += n_given_targets(g, far->leaf);
    }
    DP_TRY(end_rows(&g->far_near));
    DP_TRY(end_rows(&g->far_w));
    for (int64_t i = 0; i < s->n; i++)
        if (s->leaves[i].is_taken) {
            copy_row(&s->leaves[i].near, s->leaves[i].leaf, &g->far_near);
            copy_row(&s->leaves[i].w, s->leaves[i].leaf, &g->far_w);
        }
    return DAGPOLE_OK;
}

/* Without operators every leaf has all sources near. */
static int has_far_targets(const dp_graph *g) {
    return !dp_graph_is_mutual(g) && g->in.sources->n && g->in.targets->n &&
           g->in.operators->n_sets;
}

dagpole_status dp_far_build(const dp_team *team, dp_graph *g) {
    search s = {.graph = g};
    if (!has_far_targets(g))
        return DAGPOLE_OK;
    s.reach = g->in.lambda > 0
                  ? (log((double)g->in.sources->n) - log(g->in.tolerance)) / g->in.lambda
                  : INFINITY;
    dagpole_status status = list_leaves(team, &s);
    if (status == DAGPOLE_OK && s.n)
        status = take_leaves(team, &s);
    if (status == DAGPOLE_OK && s.n)
        status = keep_leaves(&s, g);
    for (int64_t i = 0; i < s.n; i++) {
        dp_free(s.leaves[i].near.at);
        dp_free(s.leaves[i].w.at);
    }
    dp_free(s.leaves);
    dp_free(s.sources);
    return status;
}

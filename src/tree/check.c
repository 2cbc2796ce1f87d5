#include "tree/check.h"

#include "tree/internals.h"

#define N_SAMPLES 64

typedef struct check {
    const dp_tree *tree;
    const dp_lists *lists;
    const dp_points *sources, *targets;
    int n_crit;
} check;

static dagpole_status broken_point(const char *name, int64_t i, const char *what) {
    return dp_fail(DAGPOLE_INTERNAL, "%s point %lld: %s", name, (long long)i, what);
}

static dagpole_status broken_box(const dp_tree *tree, int64_t box, const char *what) {
    return dp_fail(DAGPOLE_INTERNAL, "box %lld (level %d, key %#llx): %s", (long long)box,
                   tree->level[box], (unsigned long long)tree->key[box], what);
}

/* ---- points ---- */

static int is_before(const dp_points *p, int64_t i, int64_t j) {
    if (p->key[i] != p->key[j])
        return p->key[i] < p->key[j];
    if (p->x[i] != p->x[j])
        return p->x[i] < p->x[j];
    return p->y[i] != p->y[j] ? p->y[i] < p->y[j] : p->z[i] < p->z[j];
}

static dagpole_status check_order(const dp_cube *cube, const dp_points *p, const char *name) {
    for (int64_t i = 0; i < p->n; i++) {
        double position[3] = {p->x[i], p->y[i], p->z[i]};
        for (int d = 0; d < 3; d++)
            if (!(position[d] >= cube->corner[d] && position[d] < cube->corner[d] + cube->side))
                return broken_point(name, i, "it lies outside the cube");
        if (p->key[i] != dp_morton_of_point(cube, position))
            return broken_point(name, i, "its key is not that of its position");
        if (i > 0 && !is_before(p, i - 1, i))
            return broken_point(name, i, "it does not come after the one before it");
    }
    return DAGPOLE_OK;
}

static dagpole_status mark_origins(const dp_points *p, const char *name, uint8_t *is_met) {
    for (int64_t i = 0; i < p->n; i++) {
        int64_t begin, end;
        dp_points_copies(p, i, &begin, &end);
        if (begin >= end || end > p->n_given)
            return broken_point(name, i, "its range of origins is empty or out of range");
        for (int64_t j = begin; j < end; j++) {
            int64_t origin = p->origin[j];
            if (origin < 0 || origin >= p->n_given || is_met[origin]++)
                return broken_point(name, i, "an origin is out of range or met twice");
            if (j > begin && p->origin[j - 1] >= origin)
                return broken_point(name, i, "its origins do not ascend");
        }
    }
    return DAGPOLE_OK;
}

static dagpole_status check_origins(const dp_points *p, const char *name) {
    int64_t n_origins = p->origin_begin ? p->origin_begin[p->n] : p->n;
    if (n_origins != p->n_given || (p->origin_begin && p->origin_begin[0] != 0))
        return broken_point(name, p->n, "the origins are not those of all given points");
    uint8_t *is_met = dp_alloc_zero((size_t)p->n_given, sizeof *is_met);
    if (!is_met)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = mark_origins(p, name, is_met);
    dp_free(is_met);
    return status;
}

/* ---- boxes ---- */

static dagpole_status check_levels(const dp_tree *tree) {
    int32_t n_leaves = 0;
    if (tree->level_begin[0] != 0 || tree->level_begin[1] != 1 || tree->key[0] != 0)
        return broken_box(tree, 0, "it is not the only box of level 0");
    for (int level = 0; level <= DP_MAX_DEPTH; level++) {
        int32_t begin = tree->level_begin[level], end = tree->level_begin[level + 1];
        if ((begin < end) != (level <= tree->depth))
            return broken_box(tree, 0, "below it a level is empty, or holds boxes below depth");
        for (int32_t box = begin; box < end; box++) {
            n_leaves += dp_tree_is_leaf(tree, box);
            if (tree->level[box] != level || tree->key[box] >> 3 * level)
                return broken_box(tree, box, "its level or key does not fit its place");
            if (box > begin && tree->key[box] <= tree->key[box - 1])
                return broken_box(tree, box, "it is out of Morton order");
        }
    }
    if (tree->level_begin[DP_MAX_DEPTH + 1] != tree->n_boxes || n_leaves != tree->n_leaves)
        return broken_box(tree, 0, "below it the boxes or leaves are miscounted");
    return DAGPOLE_OK;
}

/* Every box but the root is met once, as the next child of the boxes taken in order. */
static dagpole_status check_family(const dp_tree *tree) {
    int32_t next = 1;
    if (tree->parent[0] != -1)
        return broken_box(tree, 0, "the root has a parent");
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int n = tree->n_children[box];
        if (dp_tree_is_leaf(tree, box) ? n != 0 : n < 1 || n > 8)
            return broken_box(tree, box, "its number of children is wrong");
        if (n > 0 && tree->child[box] != next)
            return broken_box(tree, box, "its children do not follow those of the box before");
        for (int i = 0; i < n; i++, next++)
            if (next >= tree->n_boxes || tree->parent[next] != box ||
                tree->level[next] != tree->level[box] + 1 || tree->key[next] >> 3 != tree->key[box])
                return broken_box(tree, box, "a child is not its child");
    }
    return next == tree->n_boxes ? DAGPOLE_OK : broken_box(tree, next, "no box has it as a child");
}

/* The root holds all points, each box hands all of its points to its children, and a leaf holds
 * nothing outside its region: so leaves cover every point once. */
static dagpole_status check_ranges(const dp_tree *tree, const dp_points *points,
                                   const int64_t *begin, const int64_t *end) {
    if (begin[0] != 0 || end[0] != points->n)
        return broken_box(tree, 0, "the root does not hold all points");
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int level = tree->level[box];
        int64_t at = begin[box];
        for (int i = 0; i < tree->n_children[box]; i++) {
            int32_t child = tree->child[box] + i;
            if (begin[child] != at || end[child] < at)
                return broken_box(tree, child, "its points do not follow its sibling's");
            at = end[child];
        }
        if (!dp_tree_is_leaf(tree, box) && at != end[box])
            return broken_box(tree, box, "its children do not hold all of its points");
        if (begin[box] < end[box] &&
            (dp_key_prefix(points->key[begin[box]], level) != tree->key[box] ||
             dp_key_prefix(points->key[end[box] - 1], level) != tree->key[box]))
            return broken_box(tree, box, "it holds a point that lies outside");
    }
    return DAGPOLE_OK;
}

static int64_t n_sources_in(const dp_tree *tree, int32_t box) {
    return tree->source_end[box] - tree->source_begin[box];
}

static int64_t n_targets_in(const dp_tree *tree, int32_t box) {
    return tree->target_end[box] - tree->target_begin[box];
}

/* Most points of a leaf here. */
static int64_t most_points(const check *c, int32_t box) {
    const dp_tree *tree = c->tree;
    int is_far = c->n_crit < DP_FAR_LEAF && !dp_key_is_around(c->sources->n, c->sources->key,
                                                              tree->level[box], tree->key[box]);
    return tree->level[box] == tree->cube.max_depth ? INT64_MAX : is_far ? DP_FAR_LEAF : c->n_crit;
}

static dagpole_status check_sizes(const check *c) {
    const dp_tree *tree = c->tree;
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int64_t n = n_sources_in(tree, box);
        if (c->targets != c->sources)
            n += n_targets_in(tree, box);
        if (n == 0 && box > 0)
            return broken_box(tree, box, "it holds no points");
        if (tree->level[box] > tree->cube.max_depth)
            return broken_box(tree, box, "it is deeper than the cube allows");
        if (dp_tree_is_leaf(tree, box) && n > c->n_crit && n > most_points(c, box))
            return broken_box(tree, box, "it is a leaf of more points than allowed");
    }
    return DAGPOLE_OK;
}

static void neighbour_offset(int direction, int offset[3]) {
    offset[0] = direction / 9 - 1;
    offset[1] = direction / 3 % 3 - 1;
    offset[2] = direction % 3 - 1;
}

/* Next to an internal box lies no leaf that is larger: so leaves that touch differ by one level at
 * most, and so would they if the boxes without points were there. */
static dagpole_status check_balance(const dp_tree *tree) {
    for (int32_t box = 0; box < tree->n_boxes; box++)
        for (int direction = 0; direction < 27 && !dp_tree_is_leaf(tree, box); direction++) {
            int offset[3], level = tree->level[box];
            dp_key region;
            neighbour_offset(direction, offset);
            if (!dp_morton_neighbour(level, tree->key[box], offset, &region))
                continue;
            int32_t other = dp_tree_find_enclosing(tree, level, region);
            if (dp_tree_is_leaf(tree, other) && tree->level[other] < level)
                return broken_box(tree, box, "its children touch a leaf two levels coarser");
        }
    return DAGPOLE_OK;
}

/* ---- lists ---- */

/* Whether `source` may stand in the list's row of `target`. */
typedef int (*belongs)(const dp_tree *tree, int32_t target, int32_t source);

static int belongs_to_u(const dp_tree *tree, int32_t target, int32_t source) {
    return dp_tree_is_leaf(tree, target) && dp_tree_is_leaf(tree, source) &&
           dp_boxes_touch(tree, target, source);
}

static int belongs_to_v(const dp_tree *tree, int32_t target, int32_t source) {
    return target > 0 && source > 0 && tree->level[target] == tree->level[source] &&
           dp_boxes_touch(tree, tree->parent[target], tree->parent[source]) &&
           !dp_boxes_touch(tree, target, source);
}

static int belongs_to_w(const dp_tree *tree, int32_t target, int32_t source) {
    return dp_tree_is_leaf(tree, target) && tree->level[source] > tree->level[target] &&
           dp_boxes_touch(tree, target, tree->parent[source]) &&
           !dp_boxes_touch(tree, target, source);
}

static int belongs_to_x(const dp_tree *tree, int32_t target, int32_t source) {
    return belongs_to_w(tree, source, target);
}

static dagpole_status check_rows(const dp_tree *tree, const dp_csr *list, char name, int most,
                                 belongs is_member) {
    if (list->n_rows != tree->n_boxes || list->offset[0] != 0)
        return dp_fail(DAGPOLE_INTERNAL, "list %c has %lld rows for %d boxes", name,
                       (long long)list->n_rows, tree->n_boxes);
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int64_t begin = list->offset[box], end = list->offset[box + 1];
        if (end < begin || end - begin > most || (begin < end && n_targets_in(tree, box) == 0))
            return dp_fail(DAGPOLE_INTERNAL,
                           "box %d: its list %c has %lld entries; at most %d, none without targets",
                           box, name, (long long)(end - begin), most);
        for (int64_t i = begin; i < end; i++) {
            int32_t source = list->index[i];
            int is_ascending = i == begin || list->index[i - 1] < source;
            if (source < 0 || source >= tree->n_boxes || !is_ascending ||
                n_sources_in(tree, source) == 0 || !is_member(tree, box, source))
                return dp_fail(DAGPOLE_INTERNAL,
                               "box %d: box %d does not belong into its list %c, or not there", box,
                               source, name);
        }
    }
    return DAGPOLE_OK;
}

static dagpole_status check_lists(const check *c) {
    const dp_lists *lists = c->lists;
    DP_TRY(check_rows(c->tree, &lists->u, 'U', DP_MAX_U, belongs_to_u));
    DP_TRY(check_rows(c->tree, &lists->v, 'V', DP_MAX_V, belongs_to_v));
    DP_TRY(check_rows(c->tree, &lists->w, 'W', DP_MAX_W, belongs_to_w));
    return check_rows(c->tree, &lists->x, 'X', DP_MAX_X, belongs_to_x);
}

/* ---- coverage ---- */

static int64_t n_sources_in_row(const dp_tree *tree, const dp_csr *list, int32_t box) {
    int64_t n = 0;
    for (int64_t i = list->offset[box]; i < list->offset[box + 1]; i++)
        n += n_sources_in(tree, list->index[i]);
    return n;
}

/* Every target leaf receives as many source points as there are. With entries that belong where
 * they stand this finds any that is missing, in time linear in the lists. */
static dagpole_status check_received(const check *c) {
    const dp_tree *tree = c->tree;
    int64_t *received = dp_alloc((size_t)tree->n_boxes, sizeof *received);
    if (!received)
        return DAGPOLE_NO_MEMORY;
    dagpole_status status = DAGPOLE_OK;
    for (int32_t box = 0; box < tree->n_boxes && status == DAGPOLE_OK; box++) {
        received[box] = box > 0 ? received[tree->parent[box]] : 0;
        received[box] += n_sources_in_row(tree, &c->lists->v, box);
        received[box] += n_sources_in_row(tree, &c->lists->x, box);
        if (!dp_tree_is_leaf(tree, box) || n_targets_in(tree, box) == 0)
            continue;
        int64_t n = received[box] + n_sources_in_row(tree, &c->lists->u, box) +
                    n_sources_in_row(tree, &c->lists->w, box);
        if (n != c->sources->n)
            status =
                dp_fail(DAGPOLE_INTERNAL, "box %d: its lists bring it %lld source points of %lld",
                        box, (long long)n, (long long)c->sources->n);
    }
    dp_free(received);
    return status;
}

static void mark_row(const dp_csr *list, int32_t box, int32_t *times) {
    for (int64_t i = list->offset[box]; i < list->offset[box + 1]; i++)
        times[list->index[i]]++;
}

/* times[s]: how often box s or an ancestor of it reaches the target leaf. */
static dagpole_status check_target(const check *c, int32_t target, int32_t *times) {
    const dp_tree *tree = c->tree;
    for (int32_t box = 0; box < tree->n_boxes; box++)
        times[box] = 0;
    mark_row(&c->lists->u, target, times);
    mark_row(&c->lists->w, target, times);
    for (int32_t box = target; box >= 0; box = tree->parent[box]) {
        mark_row(&c->lists->v, box, times);
        mark_row(&c->lists->x, box, times);
    }
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        if (box > 0)
            times[box] += times[tree->parent[box]];
        if (dp_tree_is_leaf(tree, box) && n_sources_in(tree, box) > 0 && times[box] != 1)
            return dp_fail(DAGPOLE_INTERNAL, "box %d: it receives box %d %d times, not once",
                           target, box, times[box]);
    }
    return DAGPOLE_OK;
}

static dagpole_status check_covered_once(const check *c, int exhaustive) {
    const dp_tree *tree = c->tree;
    int32_t *times = dp_alloc((size_t)tree->n_boxes, sizeof *times);
    if (!times)
        return DAGPOLE_NO_MEMORY;
    int64_t step = exhaustive ? 1 : tree->n_leaves / N_SAMPLES + 1, n_met = 0;
    dagpole_status status = DAGPOLE_OK;
    for (int32_t box = 0; box < tree->n_boxes && status == DAGPOLE_OK; box++)
        if (dp_tree_is_leaf(tree, box) && n_targets_in(tree, box) > 0 && n_met++ % step == 0)
            status = check_target(c, box, times);
    dp_free(times);
    return status;
}

dagpole_status dp_tree_check(const dp_tree *tree, const dp_lists *lists, const dp_points *sources,
                             const dp_points *targets, int n_crit, int exhaustive) {
    check c = {tree, lists, sources, targets ? targets : sources, n_crit};
    DP_TRY(check_order(&tree->cube, sources, "source"));
    DP_TRY(check_origins(sources, "source"));
    DP_TRY(check_order(&tree->cube, c.targets, "target"));
    DP_TRY(check_origins(c.targets, "target"));
    DP_TRY(check_levels(tree));
    DP_TRY(check_family(tree));
    DP_TRY(check_ranges(tree, sources, tree->source_begin, tree->source_end));
    DP_TRY(check_ranges(tree, c.targets, tree->target_begin, tree->target_end));
    DP_TRY(check_sizes(&c));
    DP_TRY(check_balance(tree));
    DP_TRY(check_lists(&c));
    DP_TRY(check_received(&c));
    return check_covered_once(&c, exhaustive);
}

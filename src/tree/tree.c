#include "tree/tree.h"

#include "geometry/chunk.h"
#include "tree/internals.h"

#define MERGE_GRAIN 16384
#define GRAIN       512

typedef struct build {
    const dp_points *sources, *targets; /* targets NULL where they are the sources */
    int64_t n;                          /* points of both */
    const dp_key *key;                  /* of both, ascending */
    dp_key *merged;                     /* the same where they differ from the sources' */
    dp_internals internals;
    /* per level and internal box: the octants that hold points, and the place of its first child
     * within the level of the children */
    uint8_t *octants[DP_MAX_DEPTH];
    int32_t *first_child[DP_MAX_DEPTH];
    int level;
    dp_tree *tree;
} build;

/* Chunks are cut in the sources; targets go with the sources that follow them. */
static dagpole_status merge_keys(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    const dp_key *source = b->sources->key, *target = b->targets->key;
    int64_t n_sources = b->sources->n, n_targets = b->targets->n;
    int64_t j = begin == 0 ? 0 : dp_key_search(target, 0, n_targets, source[begin - 1]);
    int64_t j_end =
        end == n_sources ? n_targets : dp_key_search(target, 0, n_targets, source[end - 1]);
    (void)chunk;
    for (int64_t i = begin, to = begin + j; i < end || j < j_end; to++)
        b->merged[to] =
            j == j_end || (i < end && source[i] <= target[j]) ? source[i++] : target[j++];
    return DAGPOLE_OK;
}

static dagpole_status take_keys(const dp_team *team, build *b) {
    b->n = b->sources->n;
    b->key = b->sources->key;
    if (!b->targets)
        return DAGPOLE_OK;
    b->n += b->targets->n;
    b->key = b->merged = dp_alloc((size_t)b->n, sizeof *b->merged);
    if (!b->merged)
        return DAGPOLE_NO_MEMORY;
    return dp_chunk_for(team, b->sources->n, MERGE_GRAIN, merge_keys, b);
}

static dagpole_status find_octants(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    const dp_keys *boxes = &b->internals.level[b->level];
    int64_t at = 0;
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        dp_key past = dp_key_first(boxes->key[i] + 1, b->level);
        uint8_t octants = 0;
        at = dp_key_search(b->key, at, b->n, dp_key_first(boxes->key[i], b->level));
        while (at < b->n && b->key[at] < past) {
            dp_key child = dp_key_prefix(b->key[at], b->level + 1);
            octants |= (uint8_t)(1 << (child & 7));
            at = dp_key_search(b->key, at, b->n, dp_key_first(child + 1, b->level + 1));
        }
        b->octants[b->level][i] = octants;
    }
    return DAGPOLE_OK;
}

/* Finds the children of the internal boxes of b->level and counts them into *n_boxes. */
static dagpole_status plan_level(const dp_team *team, build *b, int64_t *n_boxes) {
    int64_t n = b->internals.level[b->level].n, n_children = 0;
    uint8_t *octants = b->octants[b->level] = dp_alloc((size_t)n, sizeof *octants);
    int32_t *first = b->first_child[b->level] = dp_alloc((size_t)n, sizeof *first);
    if (!octants || !first)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_chunk_for(team, n, GRAIN, find_octants, b));
    for (int64_t i = 0; i < n; i++) {
        first[i] = (int32_t)n_children;
        n_children += __builtin_popcount(octants[i]);
        if (*n_boxes + n_children > INT32_MAX)
            return dp_fail(DAGPOLE_UNSUPPORTED,
                           "the tree needs more than %d boxes: allow more points in a leaf",
                           INT32_MAX);
    }
    *n_boxes += n_children;
    return DAGPOLE_OK;
}

static dagpole_status plan_boxes(const dp_team *team, build *b) {
    dp_tree *tree = b->tree;
    int64_t n_boxes = 1, n_internal = 0;
    tree->level_begin[0] = 0;
    tree->level_begin[1] = 1;
    for (b->level = 0; b->level < DP_MAX_DEPTH; b->level++) {
        int64_t n = b->internals.level[b->level].n;
        if (n > 0) {
            DP_TRY(plan_level(team, b, &n_boxes));
            tree->depth = b->level + 1;
        }
        n_internal += n;
        tree->level_begin[b->level + 2] = (int32_t)n_boxes;
    }
    tree->n_boxes = (int32_t)n_boxes;
    tree->n_leaves = (int32_t)(n_boxes - n_internal);
    return DAGPOLE_OK;
}

static dagpole_status alloc_boxes(dp_tree *tree, int has_targets) {
    size_t n = (size_t)tree->n_boxes;
    tree->key = dp_alloc(n, sizeof *tree->key);
    tree->level = dp_alloc(n, sizeof *tree->level);
    tree->parent = dp_alloc(n, sizeof *tree->parent);
    tree->child = dp_alloc(n, sizeof *tree->child);
    tree->n_children = dp_alloc(n, sizeof *tree->n_children);
    tree->source_begin = dp_alloc(n, sizeof *tree->source_begin);
    tree->source_end = dp_alloc(n, sizeof *tree->source_end);
    tree->target_begin = has_targets ? dp_alloc(n, sizeof(int64_t)) : tree->source_begin;
    tree->target_end = has_targets ? dp_alloc(n, sizeof(int64_t)) : tree->source_end;
    int has_all = tree->key && tree->level && tree->parent && tree->child && tree->n_children &&
                  tree->source_begin && tree->source_end && tree->target_begin && tree->target_end;
    return has_all ? DAGPOLE_OK : DAGPOLE_NO_MEMORY;
}

static void set_box(const build *b, int32_t box, dp_key key, int level, int32_t parent) {
    dp_tree *tree = b->tree;
    tree->key[box] = key;
    tree->level[box] = (int8_t)level;
    tree->parent[box] = parent;
    tree->child[box] = -1;
    tree->n_children[box] = 0;
}

/* The points of the children of `parent` among its own: begin and end are per box. */
static void cut_range(const dp_tree *tree, int32_t parent, const dp_key *point_key, int64_t *begin,
                      int64_t *end) {
    int64_t at = begin[parent];
    int32_t first = tree->child[parent];
    for (int32_t box = first; box < first + tree->n_children[parent]; box++) {
        dp_key key = tree->key[box];
        int level = tree->level[box];
        begin[box] = dp_key_search(point_key, at, end[parent], dp_key_first(key, level));
        at = dp_key_search(point_key, begin[box], end[parent], dp_key_first(key + 1, level));
        end[box] = at;
    }
}

static dagpole_status fill_children(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    dp_tree *tree = b->tree;
    const dp_key *key = b->internals.level[b->level].key;
    int64_t parent = tree->level_begin[b->level];
    (void)chunk;
    for (int64_t i = begin; i < end; i++) {
        parent = dp_key_search(tree->key, parent, tree->level_begin[b->level + 1], key[i]);
        int32_t first = tree->level_begin[b->level + 1] + b->first_child[b->level][i], box = first;
        for (unsigned octants = b->octants[b->level][i]; octants; octants &= octants - 1)
            set_box(b, box++, key[i] << 3 | (dp_key)__builtin_ctz(octants), b->level + 1,
                    (int32_t)parent);
        tree->child[parent] = first;
        tree->n_children[parent] = (int8_t)(box - first);
        cut_range(tree, (int32_t)parent, b->sources->key, tree->source_begin, tree->source_end);
        if (b->targets)
            cut_range(tree, (int32_t)parent, b->targets->key, tree->target_begin, tree->target_end);
    }
    return DAGPOLE_OK;
}

static dagpole_status fill_boxes(const dp_team *team, build *b) {
    dp_tree *tree = b->tree;
    set_box(b, 0, 0, 0, -1);
    tree->source_begin[0] = tree->target_begin[0] = 0;
    tree->source_end[0] = tree->target_end[0] = b->sources->n;
    if (b->targets)
        tree->target_end[0] = b->targets->n;
    for (b->level = 0; b->level < tree->depth; b->level++)
        DP_TRY(dp_chunk_for(team, b->internals.level[b->level].n, GRAIN, fill_children, b));
    return DAGPOLE_OK;
}

static dagpole_status run_build(const dp_team *team, build *b, int n_crit) {
    DP_TRY(take_keys(team, b));
    DP_TRY(dp_internals_split(team, b->n, b->key, n_crit, b->tree->cube.max_depth, &b->internals));
    if (b->targets)
        DP_TRY(
            dp_internals_prune(team, b->n, b->key, b->sources->n, b->sources->key, &b->internals));
    DP_TRY(dp_internals_balance(team, b->n, b->key, &b->internals));
    DP_TRY(plan_boxes(team, b));
    DP_TRY(alloc_boxes(b->tree, b->targets != NULL));
    return fill_boxes(team, b);
}

dagpole_status dp_tree_build(const dp_team *team, const dp_cube *cube, const dp_points *sources,
                             const dp_points *targets, int n_crit, dp_tree *tree) {
    if (n_crit < 1)
        return dp_fail(DAGPOLE_BAD_ARGUMENT, "n_crit is %d: a leaf must be allowed 1 point or more",
                       n_crit);
    *tree = (dp_tree){.cube = *cube};
    build b = {.sources = sources, .targets = targets == sources ? NULL : targets, .tree = tree};
    dagpole_status status = run_build(team, &b, n_crit);
    if (status != DAGPOLE_OK)
        dp_tree_free(tree);
    for (int level = 0; level < DP_MAX_DEPTH; level++) {
        dp_free(b.octants[level]);
        dp_free(b.first_child[level]);
    }
    dp_internals_free(&b.internals);
    dp_free(b.merged);
    return status;
}

void dp_tree_free(dp_tree *tree) {
    if (tree->target_begin != tree->source_begin)
        dp_free(tree->target_begin);
    if (tree->target_end != tree->source_end)
        dp_free(tree->target_end);
    dp_free(tree->source_begin);
    dp_free(tree->source_end);
    dp_free(tree->key);
    dp_free(tree->level);
    dp_free(tree->parent);
    dp_free(tree->child);
    dp_free(tree->n_children);
    *tree = (dp_tree){0};
}

int64_t dp_tree_bytes(const dp_tree *tree) {
    int64_t n_ranges = tree->target_begin != tree->source_begin ? 4 : 2;
    return tree->n_boxes * (int64_t)(sizeof *tree->key + 2 * sizeof(int32_t) + 2 * sizeof(int8_t) +
                                     (size_t)n_ranges * sizeof(int64_t));
}

int32_t dp_tree_find(const dp_tree *tree, int level, dp_key key) {
    int64_t end = tree->level_begin[level + 1];
    int64_t at = dp_key_search(tree->key, tree->level_begin[level], end, key);
    return at < end && tree->key[at] == key ? (int32_t)at : -1;
}

int32_t dp_tree_find_enclosing(const dp_tree *tree, int level, dp_key key) {
    int32_t box = 0;
    for (int l = 1; l <= level && !dp_tree_is_leaf(tree, box); l++) {
        int32_t child = tree->child[box], end = child + tree->n_children[box];
        while (child < end && tree->key[child] != key >> 3 * (level - l))
            child++;
        if (child == end)
            break;
        box = child;
    }
    return box;
}

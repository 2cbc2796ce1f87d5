/* Lists from colleagues. The colleagues of a box (the boxes of its level that touch it, itself
 * included) are children of its parent's colleagues. On a 2:1 balanced tree one step suffices for
 * every list: U and X reach up to the parent's colleagues, U and W down to the colleagues'
 * children. What touches what depends only on octants and on the direction between two boxes, so
 * that it is looked up and not computed. */
#include "tree/lists.h"

#include "geometry/chunk.h"
#include "geometry/offsets.h"

#define GRAIN       512
#define DIRECTIONS  27 /* 9 (dx + 1) + 3 (dy + 1) + (dz + 1), each of dx, dy, dz in -1, 0, 1 */
#define SELF        13
#define ALL_OCTANTS 0xffu

typedef struct colleagues {
    int n;
    int8_t direction[DIRECTIONS];
    int32_t box[DIRECTIONS]; /* ascending */
} colleagues;

typedef struct build {
    const dp_tree *tree;
    dp_lists *lists;
    colleagues *near_boxes; /* per box */
    uint8_t *octants;       /* per box: of its children */
    uint8_t *sources;       /* per box: octants of its children that hold sources */
    int level;
    /* For a child in octant o of a box, and the neighbour of that box in direction d: */
    uint8_t near_octants[8][DIRECTIONS]; /* octants of the neighbour's children that touch it */
    int8_t towards[8][DIRECTIONS][8];    /* and the directions in which they lie */
    uint8_t facing[DIRECTIONS]; /* octants of the neighbour's children that touch the box itself */
    uint16_t label[8][DIRECTIONS][8]; /* positions of the children that do not touch it */
} build;

static int direction_component(int direction, int d) {
    static const int stride[3] = {9, 3, 1};
    return direction / stride[d] % 3 - 1;
}

static int octant_component(int octant, int d) {
    return octant >> (2 - d) & 1;
}

/* Where a neighbour's child lies, seen from a child in octant `own`. */
static void fill_position(build *b, const dp_offsets *offsets, int own, int direction, int octant) {
    int is_near = 1, towards = 0, v[3];
    for (int d = 0; d < 3; d++) {
        v[d] = 2 * direction_component(direction, d) + octant_component(octant, d) -
               octant_component(own, d);
        is_near &= v[d] >= -1 && v[d] <= 1;
        towards = 3 * towards + v[d] + 1;
    }
    b->near_octants[own][direction] |= (uint8_t)(is_near << octant);
    if (is_near)
        b->towards[own][direction][octant] = (int8_t)towards;
    else
        b->label[own][direction][octant] = (uint16_t)dp_offsets_label(offsets, v);
}

static void fill_tables(build *b) {
    dp_offsets offsets;
    dp_offsets_fill(&offsets, 1);
    for (int direction = 0; direction < DIRECTIONS; direction++)
        for (int octant = 0; octant < 8; octant++) {
            int is_facing = 1;
            for (int d = 0; d < 3; d++) {
                int at = 2 * direction_component(direction, d) + octant_component(octant, d);
                is_facing &= at >= -1 && at <= 2;
            }
            b->facing[direction] |= (uint8_t)(is_facing << octant);
        }
    for (int own = 0; own < 8; own++)
        for (int direction = 0; direction < DIRECTIONS; direction++)
            for (int octant = 0; octant < 8; octant++)
                fill_position(b, &offsets, own, direction, octant);
}

static int has_sources(const dp_tree *tree, int32_t box) {
    return tree->source_end[box] > tree->source_begin[box];
}

static int has_targets(const dp_tree *tree, int32_t box) {
    return tree->target_end[box] > tree->target_begin[box];
}

static dagpole_status find_octants(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    const dp_tree *tree = b->tree;
    (void)chunk;
    for (int64_t box = begin; box < end; box++) {
        uint8_t octants = 0, sources = 0;
        for (int i = 0; i < tree->n_children[box]; i++) {
            int32_t child = tree->child[box] + i;
            uint8_t octant = (uint8_t)(1 << (tree->key[child] & 7));
            octants |= octant;
            sources |= has_sources(tree, child) ? octant : 0;
        }
        b->octants[box] = octants;
        b->sources[box] = sources;
    }
    return DAGPOLE_OK;
}

static int32_t child_in(const build *b, int32_t box, int octant) {
    unsigned before = b->octants[box] & ((1u << octant) - 1);
    return b->tree->child[box] + __builtin_popcount(before);
}

static void find_colleagues_of(const build *b, int64_t box) {
    const colleagues *parents = &b->near_boxes[b->tree->parent[box]];
    colleagues *found = &b->near_boxes[box];
    int own = (int)(b->tree->key[box] & 7);
    found->n = 0;
    for (int i = 0; i < parents->n; i++) {
        int32_t parent = parents->box[i];
        int direction = parents->direction[i];
        unsigned octants = b->octants[parent] & b->near_octants[own][direction];
        for (; octants; octants &= octants - 1) {
            int octant = __builtin_ctz(octants);
            found->direction[found->n] = b->towards[own][direction][octant];
            found->box[found->n++] = child_in(b, parent, octant);
        }
    }
}

static dagpole_status find_colleagues(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    int64_t level_begin = b->tree->level_begin[b->level];
    (void)chunk;
    for (int64_t i = begin; i < end; i++)
        find_colleagues_of(b, level_begin + i);
    return DAGPOLE_OK;
}

/* One row of a list: written to `to` where that is not NULL, and counted. */
typedef struct row {
    int32_t *to;
    uint16_t *label; /* of V entries */
    int64_t n;
} row;

typedef struct rows {
    row u, v, w, x;
} rows;

static void add(row *r, int32_t box) {
    if (r->to)
        r->to[r->n] = box;
    r->n++;
}

static void add_children(const build *b, row *r, int32_t box, unsigned octants) {
    octants &= b->sources[box];
    if (!r->to) {
        r->n += __builtin_popcount(octants);
        return;
    }
    for (; octants; octants &= octants - 1)
        r->to[r->n++] = child_in(b, box, __builtin_ctz(octants));
}

/* The same for V: `label` per octant. */
static void add_far_children(const build *b, row *r, int32_t box, unsigned octants,
                             const uint16_t label[8]) {
    int64_t first = r->n;
    add_children(b, r, box, octants);
    octants &= b->sources[box];
    for (int64_t i = first; r->to && i < r->n; i++, octants &= octants - 1)
        r->label[i] = label[__builtin_ctz(octants)];
}

/* Entries of the parent's level, and V. A box that touches a coarser leaf is itself a leaf. */
static void visit_parents_colleagues(const build *b, int32_t box, rows *r) {
    const dp_tree *tree = b->tree;
    const colleagues *parents = &b->near_boxes[tree->parent[box]];
    int own = (int)(tree->key[box] & 7);
    for (int i = 0; i < parents->n; i++) {
        int32_t other = parents->box[i];
        unsigned near_octants = b->near_octants[own][parents->direction[i]];
        if (!dp_tree_is_leaf(tree, other))
            add_far_children(b, &r->v, other, ~near_octants & ALL_OCTANTS,
                             b->label[own][parents->direction[i]]);
        else if (has_sources(tree, other))
            add(near_octants ? &r->u : &r->x, other);
    }
}

/* Entries of the leaf's own level and of the next. What touches it there is a leaf. */
static void visit_colleagues(const build *b, int32_t leaf, rows *r) {
    const colleagues *own = &b->near_boxes[leaf];
    for (int i = 0; i < own->n; i++)
        if (dp_tree_is_leaf(b->tree, own->box[i]) && has_sources(b->tree, own->box[i]))
            add(&r->u, own->box[i]);
    for (int i = 0; i < own->n; i++) {
        unsigned facing = b->facing[own->direction[i]];
        add_children(b, &r->u, own->box[i], facing);
        add_children(b, &r->w, own->box[i], ~facing & ALL_OCTANTS);
    }
}

static int is_target(const dp_tree *tree, int32_t box) {
    return dp_tree_is_leaf(tree, box) && has_targets(tree, box);
}

static void make_rows(const build *b, int32_t box, rows *r) {
    if (!has_targets(b->tree, box))
        return;
    if (box > 0)
        visit_parents_colleagues(b, box, r);
    if (dp_tree_is_leaf(b->tree, box))
        visit_colleagues(b, box, r);
}

static dagpole_status count_rows(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    dp_lists *lists = b->lists;
    (void)chunk;
    for (int64_t box = begin; box < end; box++) {
        rows r = {0};
        make_rows(b, (int32_t)box, &r);
        lists->u.offset[box + 1] = r.u.n;
        lists->v.offset[box + 1] = r.v.n;
        lists->w.offset[box + 1] = r.w.n;
        lists->x.offset[box + 1] = r.x.n;
    }
    return DAGPOLE_OK;
}

static row row_at(const dp_csr *csr, int64_t box) {
    return (row){.to = csr->index + csr->offset[box],
                 .label = csr->label ? csr->label + csr->offset[box] : NULL};
}

static dagpole_status write_rows(void *argument, int64_t chunk, int64_t begin, int64_t end) {
    const build *b = argument;
    const dp_lists *lists = b->lists;
    (void)chunk;
    for (int64_t box = begin; box < end; box++) {
        rows r = {row_at(&lists->u, box), row_at(&lists->v, box), row_at(&lists->w, box),
                  row_at(&lists->x, box)};
        make_rows(b, (int32_t)box, &r);
    }
    return DAGPOLE_OK;
}

static dagpole_status find_all_colleagues(const dp_team *team, build *b) {
    const dp_tree *tree = b->tree;
    size_t n_boxes = (size_t)tree->n_boxes;
    b->near_boxes = dp_alloc(n_boxes, sizeof *b->near_boxes);
    b->octants = dp_alloc(n_boxes, sizeof *b->octants);
    b->sources = dp_alloc(n_boxes, sizeof *b->sources);
    if (!b->near_boxes || !b->octants || !b->sources)
        return DAGPOLE_NO_MEMORY;
    DP_TRY(dp_chunk_for(team, tree->n_boxes, GRAIN, find_octants, b));
    b->near_boxes[0] = (colleagues){.n = 1, .direction = {SELF}, .box = {0}};
    for (b->level = 1; b->level <= tree->depth; b->level++) {
        int64_t n = tree->level_begin[b->level + 1] - tree->level_begin[b->level];
        DP_TRY(dp_chunk_for(team, n, GRAIN, find_colleagues, b));
    }
    return DAGPOLE_OK;
}

static dagpole_status run_build(const dp_team *team, build *b) {
    dp_csr *all[4] = {&b->lists->u, &b->lists->v, &b->lists->w, &b->lists->x};
    DP_TRY(find_all_colleagues(team, b));
    for (int i = 0; i < 4; i++)
        DP_TRY(dp_csr_begin(b->tree->n_boxes, all[i]));
    DP_TRY(dp_chunk_for(team, b->tree->n_boxes, GRAIN, count_rows, b));
    for (int i = 0; i < 4; i++)
        DP_TRY(dp_csr_end(all[i] == &b->lists->v, all[i]));
    return dp_chunk_for(team, b->tree->n_boxes, GRAIN, write_rows, b);
}

dagpole_status dp_lists_build(const dp_team *team, const dp_tree *tree, dp_lists *lists) {
    *lists = (dp_lists){0};
    build b = {.tree = tree, .lists = lists};
    fill_tables(&b);
    dagpole_status status = run_build(team, &b);
    if (status != DAGPOLE_OK)
        dp_lists_free(lists);
    dp_free(b.near_boxes);
    dp_free(b.octants);
    dp_free(b.sources);
    return status;
}

static void fill_near(const dp_tree *tree, dp_csr *u) {
    for (int32_t box = 0; box < tree->n_boxes; box++) {
        int64_t n = u->offset[box];
        for (int32_t leaf = 0; is_target(tree, box) && leaf < tree->n_boxes; leaf++)
            if (dp_tree_is_leaf(tree, leaf) && has_sources(tree, leaf))
                u->index[n++] = leaf;
    }
}

static dagpole_status build_all_near(const dp_tree *tree, dp_lists *lists) {
    dp_csr *all[4] = {&lists->u, &lists->v, &lists->w, &lists->x};
    int64_t n_near = 0;
    for (int i = 0; i < 4; i++)
        DP_TRY(dp_csr_begin(tree->n_boxes, all[i]));
    for (int32_t box = 0; box < tree->n_boxes; box++)
        n_near += dp_tree_is_leaf(tree, box) && has_sources(tree, box);
    for (int32_t box = 0; box < tree->n_boxes; box++)
        lists->u.offset[box + 1] = is_target(tree, box) ? n_near : 0;
    for (int i = 0; i < 4; i++)
        DP_TRY(dp_csr_end(0, all[i]));
    fill_near(tree, &lists->u);
    return DAGPOLE_OK;
}

dagpole_status dp_lists_all_near(const dp_tree *tree, dp_lists *lists) {
    *lists = (dp_lists){0};
    dagpole_status status = build_all_near(tree, lists);
    if (status != DAGPOLE_OK)
        dp_lists_free(lists);
    return status;
}

void dp_lists_free(dp_lists *lists) {
    dp_csr_free(&lists->u);
    dp_csr_free(&lists->v);
    dp_csr_free(&lists->w);
    dp_csr_free(&lists->x);
}

int dp_boxes_touch(const dp_tree *tree, int32_t a, int32_t b) {
    uint64_t anchor_a[3], anchor_b[3];
    int scale_a = DP_MAX_DEPTH - tree->level[a], scale_b = DP_MAX_DEPTH - tree->level[b];
    dp_morton_decode(tree->key[a] << 3 * scale_a, anchor_a);
    dp_morton_decode(tree->key[b] << 3 * scale_b, anchor_b);
    for (int d = 0; d < 3; d++)
        if (anchor_a[d] > anchor_b[d] + (UINT64_C(1) << scale_b) ||
            anchor_b[d] > anchor_a[d] + (UINT64_C(1) << scale_a))
            return 0;
    return 1;
}

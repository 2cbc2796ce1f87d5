/* Which leaves are summed directly. U lists are; and where a box of a W list (X list) holds so few
 * sources (targets) that summing over its leaves costs less than over its surface, that is more
 * accurate than M2P (P2L) as well. What remains of W and X keeps its operators. */
#include <stdlib.h>

#include "graph/graph.h"

static int is_direct(const dp_graph *g, int32_t box, int64_t n_points) {
    const dp_operator_set *set = g->in.operators->level[g->in.tree->level[box]];
    return set && g->cost.near * (double)n_points <= dp_cost_surface(&g->cost, set);
}

static int is_direct_w(const dp_graph *g, int32_t source) {
    return is_direct(g, source, dp_n_sources(g->in.tree, source));
}

static int is_direct_x(const dp_graph *g, int32_t target) {
    return is_direct(g, target, dp_n_targets(g->in.tree, target));
}

/* A row under construction: only counted where out is NULL. */
typedef struct row {
    int64_t n;
    int32_t *out;
} row;

static void push(row *r, int32_t box) {
    if (r->out)
        r->out[r->n] = box;
    r->n++;
}

/* All leaves with sources below a box. */
static void push_leaves(const dp_tree *tree, int32_t box, row *r) {
    if (!dp_n_sources(tree, box))
        return;
    if (dp_tree_is_leaf(tree, box))
        push(r, box);
    for (int i = 0; i < tree->n_children[box]; i++)
        push_leaves(tree, tree->child[box] + i, r);
}

static int compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Rows of U lists alone come almost sorted and short; tiny leaves beside many digits make long
 * ones. */
static void sort(row *r) {
    if (r->n > 256) {
        qsort(r->out, (size_t)r->n, sizeof *r->out, compare);
        return;
    }
    for (int64_t i = 1; i < r->n; i++) {
        int32_t moved = r->out[i];
        int64_t to = i;
        for (; to > 0 && r->out[to - 1] > moved; to--)
            r->out[to] = r->out[to - 1];
        r->out[to] = moved;
    }
}

static void push_row(const dp_csr *csr, int32_t box, row *r) {
    for (int64_t i = csr->offset[box]; i < csr->offset[box + 1]; i++)
        push(r, csr->index[i]);
}

/* Such leaves have rows of their own (graph/far.c). */
static int is_cut_off(const dp_graph *g, int32_t leaf) {
    return dp_local_of(g, leaf) == DP_NO_BOX;
}

static void near_row(const dp_graph *g, int32_t leaf, row *r) {
    const dp_tree *tree = g->in.tree;
    const dp_lists *lists = g->in.lists;
    if (!dp_tree_is_leaf(tree, leaf) || !dp_n_targets(tree, leaf))
        return;
    if (is_cut_off(g, leaf)) {
        push_row(&g->far_near, leaf, r);
        return;
    }
    push_row(&lists->u, leaf, r);
    for (int64_t i = lists->w.offset[leaf]; i < lists->w.offset[leaf + 1]; i++)
        if (is_direct_w(g, lists->w.index[i]))
            push_leaves(tree, lists->w.index[i], r);
    for (int32_t box = leaf; box >= 0; box = tree->parent[box])
        for (int64_t i = lists->x.offset[box]; is_direct_x(g, box) && i < lists->x.offset[box + 1];
             i++)
            push(r, lists->x.index[i]);
    if (r->out)
        sort(r);
}

static void w_row(const dp_graph *g, int32_t leaf, row *r) {
    const dp_csr *w = &g->in.lists->w;
    if (is_cut_off(g, leaf)) {
        push_row(&g->far_w, leaf, r);
        return;
    }
    for (int64_t i = w->offset[leaf]; i < w->offset[leaf + 1]; i++)
        if (dp_graph_k(g, g->in.tree->level[w->index[i]]) && !is_direct_w(g, w->index[i]))
            push(r, w->index[i]);
}

static void x_row(const dp_graph *g, int32_t box, row *r) {
    const dp_csr *x = &g->in.lists->x;
    if (dp_graph_k(g, g->in.tree->level[box]) && !is_direct_x(g, box))
        push_row(x, box, r);
}

typedef struct building {
    const dp_graph *graph;
    void (*make_row)(const dp_graph *, int32_t, row *);
    dp_csr *csr;
} building;

/* Rows of a chunk of boxes: counted (index NULL) or filled. */
enum { CHUNK = 1024 };

static dagpole_status build_rows(void *argument, int64_t chunk) {
    building *b = argument;
    int64_t end = (chunk + 1) * CHUNK;
    for (int64_t i = chunk * CHUNK; i < end && i < b->csr->n_rows; i++) {
        row r = {0, b->csr->index ? b->csr->index + b->csr->offset[i] : NULL};
        b->make_row(b->graph, (int32_t)i, &r);
        if (!b->csr->index)
            b->csr->offset[i + 1] = r.n;
    }
    return DAGPOLE_OK;
}

static dagpole_status build(const dp_team *team, const dp_graph *g,
                            void (*make_row)(const dp_graph *, int32_t, row *), dp_csr *csr) {
    building b = {g, make_row, csr};
    int64_t n = g->in.tree->n_boxes, n_chunks = (n + CHUNK - 1) / CHUNK;
    csr->n_rows = n;
    csr->offset = dp_alloc((size_t)n + 1, sizeof *csr->offset);
    if (!csr->offset)
        return DAGPOLE_NO_MEMORY;
    csr->offset[0] = 0;
    DP_TRY(team->run(team, n_chunks, build_rows, &b));
    for (int64_t i = 0; i < n; i++)
        csr->offset[i + 1] += csr->offset[i];
    csr->index = dp_alloc((size_t)csr->offset[n], sizeof *csr->index);
    if (!csr->index)
        return DAGPOLE_NO_MEMORY;
    return team->run(team, n_chunks, build_rows, &b);
}

dagpole_status dp_near_build(const dp_team *team, dp_graph *g) {
    DP_TRY(build(team, g, near_row, &g->near));
    DP_TRY(build(team, g, w_row, &g->w));
    return build(team, g, x_row, &g->x);
}

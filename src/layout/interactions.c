#include "layout/interactions.h"

#include <stdlib.h>

#include "layout/far.h"
#include "layout/homes.h"

static int is_direct(const dp_problem *p, int32_t box, int64_t n_points) {
    const dp_operator_set *set = dp_set_of(p, box);
    return set && dp_cost_near(&p->cost, 1, (double)n_points) <=
                      dp_cost_surface(&p->cost, dp_surface_points(&set->inner));
}

static int is_direct_w(const dp_problem *p, int32_t source) {
    return is_direct(p, source, dp_n_sources(p->tree, source));
}

static int is_direct_x(const dp_problem *p, int32_t target) {
    return is_direct(p, target, dp_n_targets(p->tree, target));
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

typedef struct building {
    const dp_problem *problem;
    const dp_far *far; /* leaves that are cut off have rows of their own */
    void (*make_row)(const struct building *, int32_t, row *);
    dp_csr *csr;
} building;

static void near_row(const building *b, int32_t leaf, row *r) {
    const dp_problem *p = b->problem;
    const dp_tree *tree = p->tree;
    const dp_lists *lists = p->lists;
    if (!dp_tree_is_leaf(tree, leaf) || !dp_n_targets(tree, leaf))
        return;
    if (dp_is_cut_off(b->far, leaf)) {
        push_row(&b->far->near, leaf, r);
        return;
    }
    push_row(&lists->u, leaf, r);
    for (int64_t i = lists->w.offset[leaf]; i < lists->w.offset[leaf + 1]; i++)
        if (is_direct_w(p, lists->w.index[i]))
            push_leaves(tree, lists->w.index[i], r);
    for (int32_t box = leaf; box >= 0; box = tree->parent[box])
        if (dp_csr_length(&lists->x, box) && is_direct_x(p, box))
            push_row(&lists->x, box, r);
    if (r->out)
        sort(r);
}

static void w_row(const building *b, int32_t leaf, row *r) {
    const dp_problem *p = b->problem;
    const dp_csr *w = &p->lists->w;
    if (dp_is_cut_off(b->far, leaf)) {
        push_row(&b->far->w, leaf, r);
        return;
    }
    for (int64_t i = w->offset[leaf]; i < w->offset[leaf + 1]; i++)
        if (dp_expansion_size(p, p->tree->level[w->index[i]]) && !is_direct_w(p, w->index[i]))
            push(r, w->index[i]);
}

static void x_row(const building *b, int32_t box, row *r) {
    const dp_problem *p = b->problem;
    if (dp_expansion_size(p, p->tree->level[box]) && !is_direct_x(p, box))
        push_row(&p->lists->x, box, r);
}

/* Rows of a chunk of boxes: counted (index NULL) or filled. */
enum { CHUNK = 1024 };

static dagpole_status build_rows(void *argument, int64_t chunk) {
    const building *b = argument;
    int64_t end = (chunk + 1) * CHUNK;
    for (int64_t i = chunk * CHUNK; i < end && i < b->csr->n_rows; i++) {
        row r = {0, b->csr->index ? b->csr->index + b->csr->offset[i] : NULL};
        b->make_row(b, (int32_t)i, &r);
        if (!b->csr->index)
            b->csr->offset[i + 1] = r.n;
    }
    return DAGPOLE_OK;
}

static dagpole_status build(const dp_team *team, building b) {
    int64_t n = b.problem->tree->n_boxes, n_chunks = (n + CHUNK - 1) / CHUNK;
    DP_TRY(dp_csr_begin(n, b.csr));
    DP_TRY(team->run(team, n_chunks, build_rows, &b));
    DP_TRY(dp_csr_end(0, b.csr));
    return team->run(team, n_chunks, build_rows, &b);
}

static dagpole_status build_all(const dp_team *team, const dp_problem *p, const dp_far *far,
                                dp_interactions *made) {
    DP_TRY(dp_homes_build(p, &made->local_of));
    for (int32_t box = 0; far->is_cut_off && box < p->tree->n_boxes; box++)
        if (dp_is_cut_off(far, box))
            made->local_of[box] = DP_NO_BOX;
    made->n_unresolved = far->n_unresolved;
    DP_TRY(build(team, (building){p, far, near_row, &made->near}));
    DP_TRY(build(team, (building){p, far, w_row, &made->w}));
    return build(team, (building){p, far, x_row, &made->x});
}

dagpole_status dp_interactions_build(const dp_team *team, const dp_problem *p,
                                     dp_interactions *interactions) {
    dp_far far;
    *interactions = (dp_interactions){0};
    DP_TRY(dp_far_build(team, p, &far));
    dagpole_status status = build_all(team, p, &far, interactions);
    dp_far_free(&far);
    if (status != DAGPOLE_OK)
        dp_interactions_free(interactions);
    return status;
}

void dp_interactions_free(dp_interactions *interactions) {
    dp_csr_free(&interactions->near);
    dp_csr_free(&interactions->w);
    dp_csr_free(&interactions->x);
    dp_free(interactions->local_of);
    *interactions = (dp_interactions){0};
}
